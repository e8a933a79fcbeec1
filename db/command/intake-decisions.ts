import { canonicalJson } from '../../domain/canonical/json.ts';
import type { Incident } from '../../domain/incident/types.ts';
import { rows } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { unnestInsert } from '../write/unnest.ts';
import type { IntakeReply, IntakeRequest } from './intake.ts';

type Recorded =
  { ok: true; status: 200 | 201; incident_id: string } | { ok: false; code: 'severity_below_default'; path?: string };

interface Row {
  i: number;
  request_digest: string;
  outcome: string;
}

const aggregateOf = (r: IntakeRequest): string => `report/${r.actor}`;

/** Answers of reports whose key is known, by their index: what was recorded then, as the incident stands now. */
export async function recallReports(tx: Tx, requests: IntakeRequest[]): Promise<[number, IntakeReply][]> {
  const keyed = requests.flatMap((r, i) => (r.key === null ? [] : [{ r, i, id: r.key.decision_id }]));
  if (keyed.length === 0) return [];
  const found = await rows<Row>(
    tx,
    `SELECT k.i, d.request_digest, d.outcome
      FROM unnest($1::int4[], $2::text[], $3::text[], $4::text[]) AS k(i, w, a, id)
      JOIN decisions d ON d.workspace_id = k.w AND d.aggregate = k.a AND d.decision_id = k.id`,
    [
      keyed.map((k) => k.i),
      keyed.map((k) => k.r.workspace_id),
      keyed.map((k) => aggregateOf(k.r)),
      keyed.map((k) => k.id),
    ],
  );
  return Promise.all(
    found.map(async (row): Promise<[number, IntakeReply]> => [
      row.i,
      await answer(tx, requests[row.i] as IntakeRequest, row),
    ]),
  );
}

async function answer(tx: Tx, request: IntakeRequest, row: Row): Promise<IntakeReply> {
  if (row.request_digest !== request.key?.request_digest) return { ok: false, code: 'idempotency_key_reused' };
  const recorded = JSON.parse(row.outcome) as Recorded;
  if (!recorded.ok) return recorded;
  const [incident] = await rows<Incident>(tx, 'SELECT * FROM incidents WHERE workspace_id = $1 AND id = $2', [
    request.workspace_id,
    recorded.incident_id,
  ]);
  if (incident === undefined) throw new Error('a recorded report has no incident');
  return { ok: true, status: recorded.status, incident };
}

const COLUMNS = [
  'workspace_id',
  'aggregate',
  'decision_id',
  'kind',
  'request_digest',
  'outcome',
  'at',
  'actor',
  'on_behalf_of',
] as const;
const INSERT = unnestInsert('decisions', COLUMNS, [
  'text',
  'text',
  'text',
  'text',
  'text',
  'text',
  'timestamptz',
  'text',
  'text',
]);

/** Remembers the keyed reports of a batch. A key that another batch recorded meanwhile fails the insert (23505). */
export async function rememberReports(
  tx: Tx,
  answered: { request: IntakeRequest; reply: IntakeReply }[],
  now: string,
): Promise<void> {
  const list = answered.flatMap(({ request, reply }) => {
    if (request.key === null) return [];
    const outcome = reply.ok ? { ok: true, status: reply.status, incident_id: reply.incident.id } : reply;
    return [
      {
        workspace_id: request.workspace_id,
        aggregate: aggregateOf(request),
        decision_id: request.key.decision_id,
        kind: 'report',
        request_digest: request.key.request_digest,
        outcome: canonicalJson(outcome),
        at: now,
        actor: request.actor,
        on_behalf_of: request.on_behalf_of,
      },
    ];
  });
  if (list.length > 0) await tx.query({ name: 'decisions-insert', text: INSERT.text, values: INSERT.values(list) });
}
