import { readdir } from 'node:fs/promises';
import type { RotationStrategy } from '../../activities/rotation/strategy.ts';
import type { MasterKey } from '../../config/master-key.ts';
import type { Database } from '../../db/client.ts';
import type { MasterKeySource } from '../../db/command/pin-master-key.ts';
import type { RotationRow } from '../../domain/rotation/plan.ts';
import type { Logger } from '../log.ts';

/** What strategies work with. */
export interface StrategyDeps {
  db: Database;
  masterKey: MasterKeySource;
  /** The API's own address, where proofs knock as anybody would. */
  baseUrl: string;
  stateRoot: string;
  adminTokenFile: string | undefined;
  readonlyTokenFile: string | undefined;
  /** Undefined: the state root's own. */
  forensicKeyFile?: string | undefined;
  payloadKeysFile?: string | undefined;
  /** How long a node is waited for that cannot open what it is asked with. */
  nodeAnswersWithinMs?: number | undefined;
  /** The key itself, where a variable gives it. */
  masterKeyInEnvironment?: MasterKey | undefined;
  masterKeyFile?: string | undefined;
  databaseUrl: string;
  log: Logger;
}

const FOLDER = new URL('./strategies/', import.meta.url);

interface StrategyModule {
  createStrategies: (deps: StrategyDeps) => RotationStrategy[];
}

/** Every file of the folder is the strategy of a row, or of some; a new file is a new strategy. */
export async function loadStrategies(deps: StrategyDeps): Promise<ReadonlyMap<RotationRow, RotationStrategy>> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.ts')).sort();
  const modules = await Promise.all(files.map((name) => import(new URL(name, FOLDER).href) as Promise<StrategyModule>));
  return new Map(modules.flatMap((m) => m.createStrategies(deps)).map((strategy) => [strategy.row, strategy]));
}
