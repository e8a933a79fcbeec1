import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Writable } from 'node:stream';
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { runControl } from '../../workers/run-control.ts';
import type { ControlEnv } from '../../workers/run-control.ts';
import { removeTree } from './remove-tree.ts';

export interface LogLine {
  event: string;
  [field: string]: unknown;
}

export interface TestControl {
  /** What it logged so far. */
  lines: LogLine[];
  stop: () => Promise<void>;
  /** Rejects when it ends by itself. */
  ended: Promise<void>;
}

/** The control process inside this one, ready; by default with signals unsigned as in loopback trust. */
export async function startControl(
  env: Pick<ControlEnv, 'databaseUrl' | 'temporalAddress'> & Partial<ControlEnv>,
  logged: (log: Logger) => Logger = (log) => log,
): Promise<TestControl> {
  const stateRoot = env.stateRoot ?? mkdtempSync(join(tmpdir(), 'interlock-control-'));
  const lines: LogLine[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as LogLine);
      done();
    },
  });
  const stopping = new AbortController();
  const ready = Promise.withResolvers<void>();
  const full: ControlEnv = {
    temporalNamespace: 'default',
    env: 'embedded',
    relayWindow: 200,
    signals: 'unsigned',
    node: 'local',
    tpmTcti: undefined,
    ekRootsFile: undefined,
    watchIntervalMs: 30_000,
    blobRoot: join(stateRoot, 'blobs'),
    s3: undefined,
    registryGraceMs: 604_800_000,
    anchorIntervalMs: 300_000,
    adminTokenFile: undefined,
    readonlyTokenFile: undefined,
    forensicKeyFile: undefined,
    baseUrl: 'http://127.0.0.1:9',
    registryUrl: 'http://127.0.0.1:9',
    loopbackTrust: true,
    masterKey: undefined,
    masterKeyFile: undefined,
    adapterCommandsFile: undefined,
    payloadKeysFile: undefined,
    sloFile: fileURLToPath(new URL('../../config/slo.yaml', import.meta.url)),
    ...env,
    stateRoot,
  };
  const run = runControl(full, logged(pino(sink)), stopping.signal, ready.resolve);
  await Promise.race([ready.promise, run]);
  const stop = async () => {
    stopping.abort();
    await run;
    if (env.stateRoot === undefined) removeTree(stateRoot);
  };
  run.catch(() => undefined);
  return { lines, stop, ended: run };
}

/** A client of the test's own, as an operator's tool would be. */
export async function openClient(address: string): Promise<{ client: Client; close: () => Promise<void> }> {
  const connection = await Connection.connect({ address });
  return { client: new Client({ connection }), close: () => connection.close() };
}
