import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import type { Caller } from './caller.ts';
import { recall, remember } from './decisions.ts';
import type { DecisionKey } from './decisions.ts';

/** What is decided about what; `workspace_id` is the aggregate's, which may be another than the caller's. */
export interface Once {
  workspace_id: string;
  aggregate: string;
  kind: string;
  key: DecisionKey;
}

type Outcome = { ok: true } | { ok: false; code: string };
export type Reused = { ok: false; code: 'idempotency_key_reused' };

/** Not the end of a decision: another person, or the same with a confirmation, goes on with it. */
const UNFINISHED: readonly string[] = ['second_person_required', 'confirmation_required'];

/**
 * Takes a decision that no incident's row holds, once per aggregate and decision id, with its refusal on the record; a
 * repeat is answered with what was said then. `judge` runs in the transaction and writes what it grants.
 */
export async function decideOnce<T extends Outcome>(
  db: Database,
  by: Caller,
  { workspace_id, aggregate, kind, key }: Once,
  judge: (tx: Tx, now: string) => Promise<T>,
): Promise<T | Reused> {
  return transaction(db, async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`decision:${workspace_id}:${aggregate}`]);
    const { now, known, reused } = await recall(tx, workspace_id, aggregate, key);
    if (reused) return { ok: false, code: 'idempotency_key_reused' };
    if (known !== null) return known as T;
    const outcome = await judge(tx, now);
    if (!outcome.ok && UNFINISHED.includes(outcome.code)) return outcome;
    const decided = { ...by, workspace_id };
    if (!outcome.ok) await writeEntries(tx, [refusal(decided, aggregate, kind, outcome.code, now)]);
    await remember(tx, decided, { ...key, aggregate, kind, outcome, now });
    return outcome;
  });
}

const refusal = (
  { workspace_id, actor, on_behalf_of }: Caller,
  object: string,
  kind: string,
  code: string,
  at: string,
) => ({
  workspace_id,
  at,
  actor,
  on_behalf_of,
  action: 'decision_refused',
  object,
  record_hash: null,
  record_version: null,
  detail: { decision: kind, code },
  policy_digest: null,
});
