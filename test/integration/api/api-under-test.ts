import type { PayloadCodec } from '@temporalio/common';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Logger } from 'pino';
import type { CommandRules } from '../../../config/adapter-commands.ts';
import { createAdapterEvents } from '../../../api/adapter-events/adapter-events.ts';
import { createApp } from '../../../api/app.ts';
import type { ApiDeps } from '../../../api/deps.ts';
import type { Authentication } from '../../../api/auth/authenticate.ts';
import type { DecisionEngine, EngineAnswer, EngineRequest } from '../../../api/engine.ts';
import type { WatchEngine } from '../../../api/watch-engine.ts';
import { createIntakeQueue } from '../../../api/intake-queue.ts';
import { closeServer, listen } from '../../../api/listen.ts';
import { createEventStreams } from '../../../api/streams/event-streams.ts';
import type { StreamLimits } from '../../../api/streams/event-streams.ts';
import { loadChecklists } from '../../../config/checklist-files.ts';
import { loadContainmentFile } from '../../../config/containment-file.ts';
import { loadUpstreamsFile } from '../../../config/upstreams-file.ts';
import { readProvenanceKeys } from '../../../config/provenance-keys.ts';
import { defaultForensicKeyFile, readForensicKey } from '../../../config/forensic-key-file.ts';
import { CapturePoint } from '../../../db/capture-point.ts';
import { openDatabase } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import type { MasterKeySource } from '../../../db/command/pin-master-key.ts';
import { recordEach } from '../../../db/command/intake.ts';
import { ensurePolicy } from '../../../db/command/policies.ts';
import { SecretsError } from '../../../db/secrets-error.ts';
import { payloadCodecs } from '../../../storage/payload-codec.ts';
import { payloadKey } from '../../support/payload-keys.ts';
import { FilesystemBlobs } from '../../../storage/filesystem-blobs.ts';
import { blobPlace } from '../../../api/status/storage.ts';
import type { BlobPlace } from '../../../api/status/storage.ts';
import type { BlobStore } from '../../../storage/blob-store.ts';
import type { ReceiptSigner } from '../../../domain/governance/receipt.ts';
import { receiptSigner } from '../../support/waivers.ts';
import { testDatabase } from '../../support/postgres.ts';

export const POLICY_FILE = new URL('../../../config/policy/containment.yaml', import.meta.url).pathname;

/** An engine whose answers a test writes; it keeps what it was sent. */
export interface FakeEngine extends DecisionEngine, WatchEngine {
  sent: EngineRequest[];
  answer: (request: EngineRequest) => Promise<EngineAnswer> | EngineAnswer;
  reachable: boolean;
}

export function fakeEngine(): FakeEngine {
  const engine: FakeEngine = {
    sent: [],
    answer: () => ({ kind: 'unreachable' }),
    reachable: true,
    decide: async (request) => {
      engine.sent.push(request);
      return engine.answer(request);
    },
    ask: async () => ({ kind: 'unreachable' }),
    replace: async () => ({ kind: 'unreachable' }),
    status: async () => ({
      reachable: engine.reachable,
      polled: engine.reachable ? ['control', 'control-critical', 'egress'] : [],
      unpolled: engine.reachable ? [] : ['control', 'control-critical', 'egress'],
    }),
  };
  return engine;
}

export interface ApiUnderTest {
  url: string;
  port: number;
  db: Database;
  databaseUrl: string;
  engine: FakeEngine;
  policyFile: { path: string };
  /** Undefined: none is configured. */
  upstreamsFile: { path: string | undefined };
  get: (path: string, init?: RequestInit) => Promise<Response>;
  post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Response>;
  close: () => Promise<void>;
}

export interface Options {
  auth?: Authentication;
  /** Instead of a database of its own. */
  databaseUrl?: string;
  ledgerPublic?: boolean;
  streamLimits?: Partial<StreamLimits>;
  stateRoot?: string;
  /** By default there is none. */
  masterKey?: MasterKeySource;
  codecs?: PayloadCodec[];
  commands?: CommandRules;
  log?: Logger;
  blobs?: BlobStore;
  registryBlobLimit?: number;
  registry?: ApiDeps['registry'];
  governanceMode?: 'enforce' | 'advisory';
  /** By default one of its own. */
  receiptKey?: () => ReceiptSigner;
  blob?: BlobPlace;
}

export const noMasterKey: MasterKeySource = () => {
  throw new SecretsError('master_key_missing');
};

const RECEIPTS = receiptSigner();
export const testReceiptKey = (): ReceiptSigner => RECEIPTS;

/** The API on a free port over a database of its own; Temporal is the fake. */
export async function startApi({
  auth = { loopbackTrust: true },
  databaseUrl,
  ledgerPublic = false,
  streamLimits = {},
  stateRoot = '/tmp',
  masterKey = noMasterKey,
  codecs = payloadCodecs([payloadKey('test', 7)]),
  commands = { file: undefined, env: 'embedded' },
  log = pino({ level: 'silent' }),
  blobs = new FilesystemBlobs(join(stateRoot, 'blobs')),
  registryBlobLimit = 64 * 1024 * 1024,
  registry = { url: 'http://127.0.0.1:8515', own: true },
  governanceMode = 'enforce',
  receiptKey = testReceiptKey,
  blob = blobPlace(undefined),
}: Options = {}): Promise<ApiUnderTest> {
  const own = databaseUrl === undefined ? await testDatabase() : undefined;
  const usedUrl = databaseUrl ?? own?.url ?? '';
  const db = openDatabase({ url: usedUrl, name: 'test-api', max: 8 });
  if (own !== undefined) await ensurePolicy(db, loadContainmentFile(POLICY_FILE), 'system');
  const engine = fakeEngine();
  const policyFile = { path: POLICY_FILE };
  const upstreamsFile: { path: string | undefined } = { path: undefined };
  const streams = createEventStreams({ db, databaseUrl: usedUrl, log }, streamLimits);
  const intake = createIntakeQueue({ record: (batch) => recordEach(db, batch) });
  const adapterEvents = createAdapterEvents({ db, masterKey, intake, log });
  const captures = new CapturePoint({ db, masterKey });
  const app = await createApp({
    db,
    streams,
    engine,
    auth,
    intake,
    adapterEvents,
    commands,
    readPolicyFile: async () => loadContainmentFile(policyFile.path),
    readUpstreamsFile: async () => (upstreamsFile.path === undefined ? null : loadUpstreamsFile(upstreamsFile.path)),
    watches: engine,
    verificationKeys: () => [],
    provenanceKeys: () => readProvenanceKeys(stateRoot),
    watchIntervalMs: 30_000,
    anchorIntervalMs: 300_000,
    ledgerPublic,
    checklists: loadChecklists(),
    forensicKey: () => readForensicKey(defaultForensicKeyFile(stateRoot)),
    receiptSigner: receiptKey,
    payloadCodecs: codecs,
    masterKey,
    captures,
    blobs,
    registryBlobLimit,
    registry,
    governanceMode,
    log,
    about: { instance: 'test', version: '0.0.0', bind: '127.0.0.1:0', stateRoot, blob, embedded: true },
  });
  const server = await listen(app, '127.0.0.1', 0);
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    db,
    databaseUrl: usedUrl,
    engine,
    policyFile,
    upstreamsFile,
    get: (path, init) => fetch(url + path, init),
    post: (path, body, headers = {}) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    close: async () => {
      await Promise.all([streams.close(), closeServer(server)]);
      await adapterEvents.close();
      await captures.close();
      await db.end();
      await own?.drop();
    },
  };
}

export const json = async <T = Record<string, unknown>>(response: Promise<Response>): Promise<T> =>
  (await (await response).json()) as T;
