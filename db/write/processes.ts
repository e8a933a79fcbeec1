import type { Step } from '../../domain/intake/types.ts';
import type { Incident } from '../../domain/incident/types.ts';
import { ceremonyRequired } from '../../domain/incident/requirement.ts';
import type { Tx } from '../transaction.ts';
import { together } from '../together.ts';

/** A process that should wait for `subject`, and the record's version that it is to look at. */
export interface Poke {
  workspace_id: string;
  workflow_id: string;
  type: 'incidentResponse' | 'recoveryCeremony';
  subject: string;
  severity_rank: number;
  version: number;
  actor: string;
  /** Whether the record asks for the process; otherwise only one that already waits is poked. */
  due: boolean;
  /** A new ceremony is not poked: the response starts it. Its row is what reconcile would start it from. */
  poke: boolean;
}

/** How urgent a poke is: `answered` lets the relay wait until the answer of the decision behind it is out. */
export type Wake = 'now' | 'answered';

const DUE = `INSERT INTO process AS p (workspace_id, workflow_id, type, subject, severity_rank, created_at, actor)
  SELECT w, id, type, subject, rank, $6, actor
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int2[], $7::text[]) AS s(w, id, type, subject, rank, actor)
  ON CONFLICT (workspace_id, workflow_id) DO UPDATE SET severity_rank = least(p.severity_rank, excluded.severity_rank)`;

/** A process that this very transaction asks for cannot be over yet. */
const POKE_NEW = `INSERT INTO outbox (workspace_id, workflow_id, type, subject, version, severity_rank, created_at, actor)
  SELECT w, id, type, subject, version, rank, $6, actor
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int2[], $7::text[], $8::int4[])
      AS s(w, id, type, subject, rank, actor, version)`;

const POKE = `INSERT INTO outbox (workspace_id, workflow_id, type, subject, version, severity_rank, created_at, actor)
  SELECT p.workspace_id, p.workflow_id, p.type, p.subject, s.version, p.severity_rank, $4, s.actor
    FROM unnest($1::text[], $2::text[], $3::int4[], $5::text[]) AS s(w, id, version, actor)
    JOIN process p ON p.workspace_id = s.w AND p.workflow_id = s.id AND p.over_at IS NULL`;

/** Writes the processes that the record now asks for and pokes every one that waits for a changed incident. */
export async function writeProcesses(tx: Tx, steps: Step[], now: string, wake: Wake = 'now'): Promise<void> {
  const byId = new Map<string, Poke>();
  for (const { incident, effects, actor } of steps) {
    if (incident.version > 1 && !effects.some((e) => e.kind === 'poke')) continue;
    for (const poke of pokesOf(incident, actor)) byId.set(`${poke.workspace_id}/${poke.workflow_id}`, poke);
  }
  await writePokes(tx, [...byId.values()], now, wake);
}

/** Sends all its statements at once; a notification without a row wakes the relay for nothing, and costs as little. */
export async function writePokes(tx: Tx, pokes: Poke[], now: string, wake: Wake = 'now'): Promise<void> {
  if (pokes.length === 0) return;
  const awake = pokes.filter((p) => p.poke);
  await together([
    writeDue(
      tx,
      pokes.filter((p) => p.due),
      now,
    ),
    pokeNew(tx, awake.filter(isNew), now),
    pokeWaiting(
      tx,
      awake.filter((p) => !isNew(p)),
      now,
    ),
    tx.query({ name: 'outbox-notify', text: "SELECT pg_notify('outbox', $1)", values: [wake === 'now' ? '' : wake] }),
  ]);
}

const isNew = (p: Poke): boolean => p.due && p.version === 1;
const column = (pokes: Poke[]) => (name: keyof Poke) => pokes.map((p) => p[name]);

async function writeDue(tx: Tx, due: Poke[], now: string): Promise<void> {
  if (due.length === 0) return;
  const c = column(due);
  const values = [c('workspace_id'), c('workflow_id'), c('type'), c('subject'), c('severity_rank'), now, c('actor')];
  await tx.query({ name: 'process-due', text: DUE, values });
}

async function pokeNew(tx: Tx, fresh: Poke[], now: string): Promise<void> {
  if (fresh.length === 0) return;
  const c = column(fresh);
  const values = [c('workspace_id'), c('workflow_id'), c('type'), c('subject'), c('severity_rank'), now];
  await tx.query({ name: 'outbox-insert-new', text: POKE_NEW, values: [...values, c('actor'), c('version')] });
}

async function pokeWaiting(tx: Tx, known: Poke[], now: string): Promise<void> {
  if (known.length === 0) return;
  const c = column(known);
  const values = [c('workspace_id'), c('workflow_id'), c('version'), now, c('actor')];
  await tx.query({ name: 'outbox-insert', text: POKE, values });
}

/** The response waits for every contained incident that has something to wait for; the ceremony is started by it. */
function pokesOf(i: Incident, actor: string): Poke[] {
  const common = {
    workspace_id: i.workspace_id,
    subject: i.id,
    severity_rank: i.severity_rank,
    version: i.version,
    actor,
  };
  const ceremony = ceremonyRequired(i) && i.state !== 'resolved';
  const response: Poke = {
    ...common,
    workflow_id: `incident/${i.id}`,
    type: 'incidentResponse',
    due: ceremony || i.pending_actions > 0,
    poke: true,
  };
  const recovery: Poke = {
    ...common,
    workflow_id: `recovery/${i.id}`,
    type: 'recoveryCeremony',
    due: ceremony,
    poke: i.version > 1,
  };
  return [response, recovery];
}
