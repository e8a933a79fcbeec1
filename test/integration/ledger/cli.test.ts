import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import { publishedLog } from '../../../db/read/log.ts';
import { transaction } from '../../../db/transaction.ts';
import { writeEntries } from '../../../db/write/ledger.ts';
import { runSequencer } from '../../../workers/sequencer/sequencer.ts';
import { startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';
import { eventually } from '../../support/eventually.ts';
import { OPERATOR } from '../../support/record.ts';
import { run } from '../../unit/cli/run.ts';
import { removeTree } from '../../support/remove-tree.ts';

let api: ApiUnderTest;
let folder: string;
const stop = new AbortController();
let running: Promise<void> | undefined;
beforeAll(async () => {
  api = await startApi();
  folder = mkdtempSync(join(tmpdir(), 'interlock-ledger-cli-'));
  const deps = { db: api.db, databaseUrl: api.databaseUrl, stateRoot: join(folder, 'state') };
  running = runSequencer({ ...deps, log: pino({ level: 'silent' }) }, stop.signal);
});
afterAll(async () => {
  stop.abort();
  await running;
  await api?.close();
  removeTree(folder);
});

const written = async () => (await rows<{ n: number }>(api.db, 'SELECT count(*) AS n FROM ledger_entries'))[0]?.n ?? 0;

/** How many entries the log has; those before the test's own are of the start. */
let size = 0;

/** Writes so many entries, named after their place, and waits until a checkpoint covers them. */
async function grow(count: number): Promise<void> {
  size = await written();
  const entries = Array.from({ length: count }, (_, i) => ({
    at: '2026-11-21T12:00:00.000Z',
    ...OPERATOR,
    workspace_id: 'default',
    action: 'tested',
    object: `test/${size + i}`,
    record_hash: null,
    record_version: null,
    detail: { n: size + i },
    policy_digest: null,
  }));
  await transaction(api.db, (tx) => writeEntries(tx, entries));
  size += count;
  await eventually(async () => (await publishedLog(api.db))?.size === size);
}

const ledger = (...argv: string[]) => run(['ledger', ...argv, '--base-url', api.url]);

describe('the log from the command line', () => {
  it('is exported, verified offline and where it is served, and proven entry by entry, while it grows', async () => {
    const [copy, remembered] = [join(folder, 'copy'), join(folder, 'remembered')];
    await grow(600);
    expect(await ledger('export', '--out', copy)).toMatchObject({ code: 0, err: '' });
    const key = readFileSync(join(copy, 'key'), 'utf8').trim();
    const verify = (of: string[], ...flags: string[]) => run(['ledger', 'verify', ...of, '--key', key, ...flags]);
    const ran = await verify([copy], '--remember', remembered);
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(ran.out).toMatch(/\nincidents: 0\nholds: 0\nholds_unknown: 0\nanchors: 0\nanchor: none\n/);
    expect(readdirSync(copy).sort()).toEqual(['checkpoint', 'key', 'keys', 'records', 'tile']);

    await grow(700);
    expect((await ledger('export', '--out', copy, '--json')).out).toMatch(/"kept": [1-9]/);
    expect(readdirSync(join(copy, 'tile/entries'))).toEqual(
      expect.arrayContaining(['000', '001', '002', '003', '004']),
    );
    for (const of of [[copy], [api.url, '--base-url', api.url]]) {
      const ran = await verify(of, '--remember', remembered);
      expect([ran.code, ran.out]).toEqual([0, expect.stringMatching(/^verified: yes\n/)]);
    }

    await grow(20);
    for (const index of [1, 255, 256, size - 1]) {
      const ran = await ledger('proof', String(index), '--remember', remembered);
      expect([ran.code, ran.err]).toEqual([0, '']);
      expect(ran.out).toContain(`object: test/${index}\n`);
    }
    expect((await ledger('proof', '0')).err).toContain('the key is what the log says of itself');
    expect((await ledger('proof', String(size))).code).toBe(1);

    const last = (await ledger('tail', '--json')).out.trim().split('\n');
    const indexes = last.map((line) => (JSON.parse(line) as { index: number }).index);
    expect(indexes).toEqual(Array.from({ length: 20 }, (_, i) => size - 20 + i));
    expect((await ledger('tail', '--from', '0', '--json')).out.trim().split('\n')).toHaveLength(size);
  });

  it('one changed byte of the export is named', async () => {
    const copy = join(folder, 'copy');
    const file = join(copy, 'tile/entries/002');
    const bytes = readFileSync(file);
    bytes[bytes.lastIndexOf('tested')] = 0x54;
    writeFileSync(file, bytes);
    const ran = await run(['ledger', 'verify', copy]);
    expect([ran.code, ran.out]).toEqual([1, expect.stringMatching(/leaf_altered +767 +1 +hash 255 of tile 0\/2/)]);
  });
});
