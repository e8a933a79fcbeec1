import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createForensicKey, defaultForensicKeyFile, readForensicKey } from '../../config/forensic-key-file.ts';
import { rows } from '../../db/client.ts';
import { publishedLog } from '../../db/read/log.ts';
import { natives } from '../../cli/forensic/natives.ts';
import type { ForensicKey } from '../../domain/forensic/key.ts';
import { parseNoteKey } from '../../domain/ledger/note.ts';
import type { NoteKey } from '../../domain/ledger/note.ts';
import { runSequencer } from '../../workers/sequencer/sequencer.ts';
import { keepSigningBundles } from '../../workers/sequencer/sign-bundles.ts';
import { startApi } from '../integration/api/api-under-test.ts';
import type { ApiUnderTest, Options } from '../integration/api/api-under-test.ts';
import { eventually } from './eventually.ts';
import { removeTree } from './remove-tree.ts';

export const EXPORT = '/api/v1/forensic/export';

export interface ForensicUnderTest extends ApiUnderTest {
  stateRoot: string;
  keyFile: string;
  key: ForensicKey;
  ledgerKey: () => Promise<NoteKey>;
  /** Starts whoever signs bundles for the log. */
  startSigner: () => { stop: () => Promise<void> };
  /** Waits until a checkpoint covers every entry. */
  published: () => Promise<void>;
  /** The bundle's text; fails for any other answer. */
  bundle: (workspace?: string) => Promise<string>;
}

/** The API with a forensic key, beside the workers that keep the log. */
export async function startForensic({
  signer = true,
  ...options
}: Options & { signer?: boolean } = {}): Promise<ForensicUnderTest> {
  const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-forensic-'));
  chmodSync(stateRoot, 0o700);
  const keyFile = defaultForensicKeyFile(stateRoot);
  createForensicKey(keyFile);
  const api = await startApi({ stateRoot, ...options });
  const deps = { db: api.db, databaseUrl: api.databaseUrl, stateRoot, log: pino({ level: 'silent' }) };
  const running: { stop: () => Promise<void> }[] = [];
  const run = (loop: (signal: AbortSignal) => Promise<void>) => {
    const stopping = new AbortController();
    const ended = loop(stopping.signal);
    const stop = () => (stopping.abort(), ended);
    running.push({ stop });
    return { stop };
  };
  const startSigner = () => run((signal) => keepSigningBundles(deps, signal));
  run((signal) => runSequencer(deps, signal));
  if (signer) startSigner();
  const published = async () => {
    await eventually(async () => {
      const [written] = await rows<{ n: number }>(api.db, 'SELECT count(*) AS n FROM ledger_entries');
      return (await publishedLog(api.db))?.size === written?.n;
    });
  };
  await published();
  return {
    ...api,
    stateRoot,
    keyFile,
    key: readForensicKey(keyFile),
    ledgerKey: async () => parseNoteKey(await (await api.get('/ledger/key')).text(), natives.sha256),
    startSigner,
    published,
    bundle: async (workspace) => {
      const headers = workspace === undefined ? {} : { 'X-Interlock-Workspace': workspace };
      const response = await api.get(EXPORT, { headers });
      const text = await response.text();
      if (response.status !== 200) throw new Error(`${response.status} ${text}`);
      return text;
    },
    close: async () => {
      await Promise.all(running.map(({ stop }) => stop()));
      await api.close();
      removeTree(stateRoot);
    },
  };
}
