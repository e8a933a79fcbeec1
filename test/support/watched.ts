import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import type { Database } from '../../db/client.ts';
import { attestationRecord, integrityRecord } from '../../db/read/attestation-state.ts';
import { attestationState } from '../../domain/attestation/state.ts';
import { integrityState } from '../../domain/integrity/state.ts';
import { runAttester } from '../../workers/run-attester.ts';
import { openClient, startControl } from './control.ts';
import { rootsFile, startHost } from './enrolment.ts';
import type { TestHost } from './enrolment.ts';
import { eventually } from './eventually.ts';
import { openRecord } from './record.ts';
import { startTemporal } from './temporal.ts';
import { removeTree } from './remove-tree.ts';

/** A host with its TPM and files, watched by a control process of its own. */
export interface Watched {
  db: Database;
  client: Client;
  machine: TestHost;
  protectedPath: string;
  /** Ends the attester; the returned function starts another. */
  loseAttester: () => Promise<() => void>;
  /** Ends the control process as a signal does; `startControl` resolves when the next is ready. */
  stopControl: () => Promise<void>;
  startControl: (env?: { anchorIntervalMs?: number }) => Promise<void>;
  states: () => Promise<[attestation: string, integrity: string]>;
  /** Has a watch look now. */
  poke: (workflowId: string) => Promise<void>;
  close: () => Promise<void>;
}

export const NODE = 'local';

/** Starts it, and waits until both states are trusted. A watch looks every `watchIntervalMs`, by default when poked. */
export async function startWatched(
  options: { dynamicConfig?: string[]; watchIntervalMs?: number; anchorIntervalMs?: number } = {},
): Promise<Watched> {
  const opened: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const end of opened.reverse()) await end();
  };
  try {
    const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-watched-'));
    opened.push(async () => removeTree(stateRoot));
    const protectedPath = join(stateRoot, 'protected');
    const { db, url, close: closeRecord } = await openRecord();
    opened.push(closeRecord);
    const machine = await startHost(NODE);
    opened.push(machine.close);
    const roots = rootsFile([{ name: 'swtpm-localca', trust: 'simulated', pem: machine.pem }]);
    opened.push(async () => roots.remove());
    const temporal = await startTemporal(options);
    opened.push(temporal.stop);
    const { client, close: disconnect } = await openClient(temporal.address);
    opened.push(disconnect);
    const engine = { temporalAddress: temporal.address, temporalNamespace: 'default' };
    const tpmTcti = machine.swtpm.tcti;
    const attester = () => {
      const stopping = new AbortController();
      const host = { ...engine, env: 'embedded', node: NODE, tpmTcti, protectedPath } as const;
      const running = runAttester(host, pino({ enabled: false }), stopping.signal, () => undefined);
      return async () => {
        stopping.abort();
        await running;
      };
    };
    let stopAttester = attester();
    opened.push(() => stopAttester());
    const start = (env: { anchorIntervalMs?: number } = {}) =>
      startControl({
        ...engine,
        databaseUrl: url,
        stateRoot,
        tpmTcti,
        ekRootsFile: roots.path,
        watchIntervalMs: options.watchIntervalMs ?? 3_600_000,
        anchorIntervalMs: options.anchorIntervalMs ?? 300_000,
        ...env,
      });
    let control = await start();
    opened.push(() => control.stop());
    const states = async (): Promise<[string, string]> => [
      attestationState(await attestationRecord(db)),
      integrityState(await integrityRecord(db)),
    ];
    await eventually(async () => (await states()).every((state) => state === 'trusted'));
    return {
      db,
      client,
      machine,
      protectedPath,
      loseAttester: async () => {
        await stopAttester();
        return () => {
          stopAttester = attester();
        };
      },
      stopControl: () => control.stop(),
      startControl: async (env) => {
        control = await start(env);
      },
      states,
      poke: (id) => client.workflow.getHandle(id).signal('poke', { version: 1 }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
