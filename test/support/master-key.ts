import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { RotationStrategy, StepContext, StepResult } from '../../activities/rotation/strategy.ts';
import { createMasterKey, readMasterKey } from '../../config/master-key.ts';
import { masterKeyRing } from '../../config/master-key-ring.ts';
import type { Database } from '../../db/client.ts';
import { openMasterKey } from '../../db/command/pin-master-key.ts';
import { requestRotation } from '../../db/command/request-rotation.ts';
import type { SecretsDeps } from '../../db/command/set-secret.ts';
import type { Step } from '../../domain/rotation/plan.ts';
import { createStrategies } from '../../workers/rotation/strategies/master-key.ts';
import type { StrategyDeps } from '../../workers/rotation/strategies.ts';
import { freshKey } from './adapters.ts';
import { openRecord } from './record.ts';
import { removeTree } from './remove-tree.ts';

type Taken = Exclude<Step, 'overlap'> | 'undo cut_over' | 'undo stage';

/** A record, a master key in a file, and what migrates from it to another. */
export interface Migrating {
  db: Database;
  url: string;
  stateRoot: string;
  keyFile: string;
  /** As of a process that reads the file. */
  deps: SecretsDeps;
  strategyDeps: StrategyDeps;
  id: () => string;
  /** Opens a rotation of the master key; nothing runs it. */
  request: () => Promise<string>;
  /** Takes a step to its end, or only its next part; the memory is kept from one to the other. */
  take: (rotation_id: string, step: Taken, parts?: number) => Promise<StepResult>;
  close: () => Promise<void>;
}

export async function openMigrating(): Promise<Migrating> {
  const { db, url, close } = await openRecord();
  const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-master-'));
  const keyFile = join(stateRoot, 'the.key');
  createMasterKey(keyFile);
  const deps = { db, masterKey: await openMasterKey(db, { read: masterKeyRing(keyFile) }) };
  const strategyDeps: StrategyDeps = {
    db,
    databaseUrl: url,
    stateRoot,
    masterKey: deps.masterKey,
    masterKeyFile: keyFile,
    adminTokenFile: undefined,
    readonlyTokenFile: undefined,
    baseUrl: 'http://127.0.0.1:9',
    log: pino({ level: 'silent' }),
  };
  const [strategy] = createStrategies(strategyDeps);
  if (strategy === undefined) throw new Error('no strategy');
  const memories = new Map<string, StepContext['memory']>();
  return {
    db,
    url,
    stateRoot,
    keyFile,
    deps,
    strategyDeps,
    id: () => readMasterKey(keyFile).key_id,
    request: async () => {
      const of = { row: 'master_key', subject: '', overlap_seconds: 0, compromised: false, dry_run: false } as const;
      const by = { workspace_id: 'default', actor: 'owner@org', on_behalf_of: null };
      const asked = await requestRotation(db, by, { ...of, reason: 'due', ticket: null, key: freshKey() });
      if (!asked.ok) throw new Error(asked.code);
      return asked.rotation_id;
    },
    take: async (rotation_id, step, parts = Number.POSITIVE_INFINITY) => {
      for (let part = 1; ; part++) {
        const memory = memories.get(rotation_id) ?? {};
        const said = await run(strategy, step, {
          workspace_id: 'default',
          rotation_id,
          subject: '',
          requested_by: 'owner@org',
          compromised: false,
          memory,
        });
        memories.set(rotation_id, { ...memory, ...said.memory });
        if (said.more !== true || part >= parts) return said;
      }
    },
    close: async () => {
      await close();
      removeTree(stateRoot);
    },
  };
}

async function run(strategy: RotationStrategy, step: Taken, context: StepContext): Promise<StepResult> {
  switch (step) {
    case 'undo cut_over':
      return (await strategy.undo('cut_over', context)) ?? {};
    case 'undo stage':
      return (await strategy.undo('stage', context)) ?? {};
    case 'withdraw':
      throw new Error('the master key has no such step');
    default:
      return (await strategy[step](context)) ?? {};
  }
}
