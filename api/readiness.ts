import { schemaStatus } from '../db/migrate.ts';
import { relayConnected } from '../db/read/relay.ts';
import { UNATTENDED_KINDS, unattended } from '../db/read/unattended.ts';
import type { Unattended } from '../db/read/unattended.ts';
import type { ApiDeps } from './deps.ts';
import type { Reply } from './reply.ts';

export type Dependency =
  | 'postgres'
  | 'migrations'
  | 'temporal'
  | 'pollers:control'
  | 'pollers:control-critical'
  | 'pollers:egress'
  | 'relay'
  | Unattended;
type Deps = Pick<ApiDeps, 'db' | 'engine'>;

/** What this process cannot work without. */
export async function liveness({ db }: Pick<ApiDeps, 'db'>): Promise<Dependency[]> {
  const alive = await db.query('SELECT 1').then(
    () => true,
    () => false,
  );
  return alive ? [] : ['postgres'];
}

/** What keeps the whole instance from handling an incident from report to resolution. */
export async function readiness({ db, engine }: Deps): Promise<Dependency[]> {
  const [dead, status] = await Promise.all([liveness({ db }), engine.status()]);
  const failing = [...dead];
  if (dead.length === 0) failing.push(...(await recordFailures(db)));
  if (!status.reachable) failing.push('temporal');
  failing.push(...status.unpolled.map((queue) => `pollers:${queue}` as Dependency));
  return failing;
}

async function recordFailures(db: Deps['db']): Promise<Dependency[]> {
  const failing: Dependency[] = [];
  const { version, head } = await schemaStatus(db).catch(() => ({ version: 0, head: 1 }));
  if (version !== head) failing.push('migrations');
  if (!(await relayConnected(db).catch(() => false))) failing.push('relay');
  failing.push(...(await unattended(db).catch(() => UNATTENDED_KINDS)));
  return failing;
}

export const availability = (failing: Dependency[]): Reply =>
  failing.length === 0
    ? { status: 200, body: { status: 'ok' } }
    : { status: 503, body: { status: 'unavailable', failing } };
