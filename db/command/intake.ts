import { judgeBatch } from '../../domain/intake/judge-batch.ts';
import type { IntakeAnswer, IntakeReport } from '../../domain/intake/types.ts';
import type { Incident } from '../../domain/incident/types.ts';
import type { Database } from '../client.ts';
import { DatabaseError, blamesARow, sqlState } from '../errors.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { sha256, writeChange } from '../write/change.ts';
import { writeCrossings } from '../write/escalations.ts';
import { loadIntake, saveWindows } from './intake-state.ts';
import { recallReports, rememberReports } from './intake-decisions.ts';
import { claimEvents, eventIdentity, settleEvents } from './claim-events.ts';
import type { AdapterEvent } from './claim-events.ts';
import { together } from '../together.ts';

/** A parsed report with what makes a retry of it recognisable; without a key it is always a new one. */
export interface IntakeRequest extends IntakeReport {
  key: { decision_id: string; request_digest: string } | null;
  /** The signed event that it came as, which is taken once; such a report has no key. */
  event?: AdapterEvent;
}

export type IntakeReply =
  | { ok: true; status: 200 | 201; incident: Incident; /** Of an event that was taken before. */ repeated?: true }
  | {
      ok: false;
      code: 'severity_below_default' | 'idempotency_key_reused' | 'unrepresentable' | 'stale_state';
      path?: string;
    };

/** What became of one report of a batch: its reply, or what its own transaction failed with. */
export type Fate = { reply: IntakeReply } | { error: unknown };

/**
 * Records a batch of reports in one transaction and answers each. When the database blames a row (SQLSTATE classes 21,
 * 22, 23) the batch is halved until only the culprit is refused with `unrepresentable`; a half that is lost with the
 * database then takes nothing back from what was recorded before it. Errors: `DatabaseError`, and what was not foreseen.
 */
export async function recordEach(db: Database, requests: IntakeRequest[]): Promise<Fate[]> {
  if (requests.length === 0) return [];
  try {
    return replied(await transaction(db, (tx) => recordBatch(tx, requests)));
  } catch (error) {
    if (!blamesARow(error)) return requests.map(() => ({ error }));
    if (requests.length === 1) return recordAlone(db, requests, error);
    const half = Math.ceil(requests.length / 2);
    const first = await recordEach(db, requests.slice(0, half));
    const rest = requests.slice(half);
    const lost = first.find((fate) => 'error' in fate && fate.error instanceof DatabaseError);
    // Not tried, and so not recorded: waiting for the same database once more would only keep everybody longer.
    if (lost !== undefined)
      return [...first, ...rest.map(() => ({ error: new DatabaseError('database_unreachable') }))];
    return [...first, ...(await recordEach(db, rest))];
  }
}

/** A lone report that lost a race for its own key (23505) finds what the winner recorded; anything else is its fault. */
async function recordAlone(db: Database, requests: IntakeRequest[], blamed: unknown): Promise<Fate[]> {
  if (sqlState(blamed) !== '23505') return [{ reply: { ok: false, code: 'unrepresentable' } }];
  try {
    return replied(await transaction(db, (tx) => recordBatch(tx, requests)));
  } catch (error) {
    return [{ error }];
  }
}

const replied = (replies: IntakeReply[]): Fate[] => replies.map((reply) => ({ reply }));

/** As `recordEach`, for who has no use for a part: throws the first error, though others may have been recorded. */
export async function recordReports(db: Database, requests: IntakeRequest[]): Promise<IntakeReply[]> {
  const fates = await recordEach(db, requests);
  return fates.map((fate) => {
    if ('error' in fate) throw fate.error;
    return fate.reply;
  });
}

async function recordBatch(tx: Tx, requests: IntakeRequest[]): Promise<IntakeReply[]> {
  const claimed = await claimEvents(tx, requests);
  const [state, known] = await together([loadIntake(tx, requests), recallReports(tx, requests)]);
  const replies = new Map<number, IntakeReply>([...claimed, ...known]);
  const fresh = requests.map((_, i) => i).filter((i) => !replies.has(i));
  const repeats = withinBatch(requests, fresh);
  const judged = fresh.filter((i) => !repeats.has(i));

  const before = new Map(state.incidents);
  const outcome = judgeBatch(
    judged.map((i) => requests[i] as IntakeRequest),
    state,
    sha256,
  );
  judged.forEach((i, n) => replies.set(i, outcome.answers[n] as IntakeAnswer));
  const answered = judged.map((i) => ({ request: requests[i] as IntakeRequest, reply: replies.get(i) as IntakeReply }));
  await together([
    writeChange(tx, { now: state.now, before, steps: outcome.steps }),
    saveWindows(tx, outcome, state.now),
    rememberReports(tx, answered, state.now),
  ]);
  await writeCrossings(tx, outcome.crossings, state);
  await settleEvents(tx, answered, state.now);
  for (const [i, first] of repeats) replies.set(i, repeatOf(requests, i, first, replies));
  return requests.map((_, i) => replies.get(i) as IntakeReply);
}

function identity(r: IntakeRequest): string | null {
  if (r.event !== undefined) return `event ${eventIdentity(r.workspace_id, r.event)}`;
  return r.key === null ? null : JSON.stringify([r.workspace_id, r.actor, r.key.decision_id]);
}

/** Reports of the batch that carry the key of an earlier one of the same batch: index → index of the first. */
function withinBatch(requests: IntakeRequest[], fresh: number[]): Map<number, number> {
  const first = new Map<string, number>();
  const repeats = new Map<number, number>();
  for (const i of fresh) {
    const id = identity(requests[i] as IntakeRequest);
    if (id === null) continue;
    const seen = first.get(id);
    if (seen === undefined) first.set(id, i);
    else repeats.set(i, seen);
  }
  return repeats;
}

function repeatOf(requests: IntakeRequest[], i: number, first: number, replies: Map<number, IntakeReply>): IntakeReply {
  const same = requests[i]?.key?.request_digest === requests[first]?.key?.request_digest;
  return same ? (replies.get(first) as IntakeReply) : { ok: false, code: 'idempotency_key_reused' };
}
