import type { Incident } from '../../domain/incident/types.ts';
import { rows } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import type { EntryDraft } from '../write/ledger.ts';
import type { IntakeReply, IntakeRequest } from './intake.ts';

/** A signed event that a report came as. */
export interface AdapterEvent {
  adapter_id: string;
  /** Of the definition that its signature and its class were judged by. */
  adapter_version: number;
  webhook_id: string;
  /** RFC 3339; from then on its signature is too old to be judged again, and it need not be remembered. */
  expires_at: string;
}

/** What recognises an event that is sent again. */
export const eventIdentity = (
  workspace_id: string,
  { adapter_id, webhook_id }: Pick<AdapterEvent, 'adapter_id' | 'webhook_id'>,
): string => JSON.stringify([workspace_id, adapter_id, webhook_id]);

/** An event that is kept this long past its end cannot be one that is still on its way through intake. */
const KEPT_PAST_ITS_END = '1 minute';
const PRUNED_AT_ONCE = 100;

interface Claimed {
  workspace_id: string;
  adapter_id: string;
  webhook_id: string;
  known: string | null;
}

const withEvents = (requests: IntakeRequest[]) =>
  requests.flatMap((r, i) => (r.event === undefined ? [] : [{ i, id: eventIdentity(r.workspace_id, r.event), r }]));

/**
 * Takes the ids of a batch's events, first of all locks and in one order, so that of two batches with the same event the
 * second waits and then finds it. Answers, by index, those that were recorded before and those whose adapter was changed
 * or retired, or whose time ran out, since they were judged.
 */
export async function claimEvents(tx: Tx, requests: IntakeRequest[]): Promise<[number, IntakeReply][]> {
  const events = withEvents(requests);
  if (events.length === 0) return [];
  const fresh = [...new Map(events.map((e) => [e.id, e.r])).entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  const of = (what: (r: IntakeRequest & { event: AdapterEvent }) => unknown) =>
    fresh.map(([, r]) => what(r as IntakeRequest & { event: AdapterEvent }));
  const inserted = await rows<Claimed>(
    tx,
    `INSERT INTO adapter_events (workspace_id, adapter_id, webhook_id, expires_at, received_at, actor, on_behalf_of)
      SELECT e.w, e.a, e.id, e.expires_at, date_trunc('milliseconds', clock_timestamp()), e.actor, NULL
      FROM unnest($1::text[], $2::text[], $3::int4[], $4::text[], $5::timestamptz[], $6::text[])
        WITH ORDINALITY AS e(w, a, version, id, expires_at, actor, n)
      JOIN adapters d ON d.workspace_id = e.w AND d.adapter_id = e.a AND d.version = e.version AND d.state = 'active'
      WHERE e.expires_at >= clock_timestamp() ORDER BY e.n
      ON CONFLICT DO NOTHING RETURNING workspace_id, adapter_id, webhook_id, NULL AS known`,
    [
      of((r) => r.workspace_id),
      of((r) => r.event.adapter_id),
      of((r) => r.event.adapter_version),
      of((r) => r.event.webhook_id),
      of((r) => r.event.expires_at),
      of((r) => r.actor),
    ],
  );
  const taken = new Set(inserted.map((row) => eventIdentity(row.workspace_id, row)));
  const left = events.filter((e) => !taken.has(e.id));
  return Promise.all(left.map(async ({ i, r }) => [i, await known(tx, r)] as [number, IntakeReply]));
}

async function known(tx: Tx, { workspace_id, event }: IntakeRequest): Promise<IntakeReply> {
  const [incident] = await rows<Incident>(
    tx,
    `SELECT i.* FROM adapter_events e JOIN incidents i ON i.workspace_id = e.workspace_id AND i.id = e.incident_id
      WHERE e.workspace_id = $1 AND e.adapter_id = $2 AND e.webhook_id = $3`,
    [workspace_id, event?.adapter_id, event?.webhook_id],
  );
  return incident === undefined
    ? { ok: false, code: 'stale_state' }
    : { ok: true, status: 200, incident, repeated: true };
}

/** Remembers what each claimed event became, with its entry, and forgets those that are past their end. */
export async function settleEvents(
  tx: Tx,
  answered: { request: IntakeRequest; reply: IntakeReply }[],
  now: string,
): Promise<void> {
  const events = answered.filter(({ request }) => request.event !== undefined);
  if (events.length === 0) return;
  const refused = events.filter(({ reply }) => !reply.ok);
  const taken = events.filter(({ reply }) => reply.ok);
  const keys = (list: typeof events) => [
    list.map(({ request }) => request.workspace_id),
    list.map(({ request }) => request.event?.adapter_id),
    list.map(({ request }) => request.event?.webhook_id),
  ];
  await tx.query(
    `UPDATE adapter_events AS e SET incident_id = k.i FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k(w, a, id, i)
      WHERE e.workspace_id = k.w AND e.adapter_id = k.a AND e.webhook_id = k.id`,
    [...keys(taken), taken.map(({ reply }) => (reply.ok ? reply.incident.id : null))],
  );
  // Nothing became of it: what is sent again is judged again.
  await tx.query(
    `DELETE FROM adapter_events AS e USING unnest($1::text[], $2::text[], $3::text[]) AS k(w, a, id)
      WHERE e.workspace_id = k.w AND e.adapter_id = k.a AND e.webhook_id = k.id`,
    keys(refused),
  );
  await tx.query(
    `DELETE FROM adapter_events WHERE (workspace_id, adapter_id, webhook_id) IN (
      SELECT workspace_id, adapter_id, webhook_id FROM adapter_events
        WHERE expires_at < $1::timestamptz - interval '${KEPT_PAST_ITS_END}'
        ORDER BY expires_at LIMIT ${PRUNED_AT_ONCE} FOR UPDATE SKIP LOCKED)`,
    [now],
  );
  await writeEntries(
    tx,
    events.map(({ request, reply }) => entryOf(request, reply, now)),
  );
}

function entryOf({ workspace_id, actor, event, report }: IntakeRequest, reply: IntakeReply, at: string): EntryDraft {
  const what = { webhook_id: event?.webhook_id ?? null, class: report.class };
  return {
    workspace_id,
    at,
    actor,
    on_behalf_of: null,
    action: reply.ok ? 'adapter_event' : 'adapter_event_refused',
    object: `adapter/${event?.adapter_id}`,
    record_hash: null,
    record_version: null,
    detail: reply.ok ? { ...what, incident_id: reply.incident.id } : { ...what, code: reply.code, count: 1 },
    policy_digest: null,
  };
}
