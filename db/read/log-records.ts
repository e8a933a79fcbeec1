import { incidentView } from '../../domain/incident/record.ts';
import type { Incident } from '../../domain/incident/types.ts';
import type { AnchorLine, HoldLine, NodeLine, RecordLine } from '../../domain/ledger/records-file.ts';
import { one, rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { visibleWorkspaces } from '../command/caller.ts';
import type { PublishedLog } from './log.ts';
import { walk } from './walk.ts';

const INCIDENTS = 200;
const PAGE = 500;

/** Pages of lines: each page is one walk of an index. */
type Lines = AsyncGenerator<RecordLine[]>;

/** What the snapshot behind `tx` has on record for a workspace, to be held against the log, in the order of the file. */
export async function* recordLines(tx: Queryable, workspace_id: string, { epoch, origin }: PublishedLog): Lines {
  const now = await one<{ at: string; from: number }>(
    tx,
    `SELECT date_trunc('milliseconds', clock_timestamp()) AS at, size AS from FROM log_heads
      WHERE workspace_id = 'system' AND epoch = $1`,
    [epoch],
  );
  if (now === undefined) throw new Error(`there is no epoch ${epoch}`);
  const workspaces = visibleWorkspaces(workspace_id);
  yield [{ kind: 'head', origin, epoch, ...now, workspaces }];
  yield* nodeLines(tx);
  yield* anchorLines(tx, epoch);
  for (const workspace of workspaces) yield* incidentLines(tx, workspace);
  for (const workspace of workspaces) yield* holdLines(tx, workspace);
}

async function* nodeLines(tx: Queryable): Lines {
  const text = `SELECT 'node' AS kind, node, ak_name, ak_public FROM attestation_nodes
    WHERE workspace_id = 'system' AND node > $1 ORDER BY node LIMIT ${PAGE}`;
  yield* walk(
    '',
    PAGE,
    (after) => rows<NodeLine>(tx, text, [after]),
    ({ node }) => node,
  );
}

const ANCHORS = `SELECT 'anchor' AS kind, anchor_id, size, encode(root, 'base64') AS root, note, node, ak_name,
    counter_before::text, counter_value::text, evidence, completed_at IS NOT NULL AS completed
  FROM log_anchors WHERE epoch = $1 AND anchor_id > $2 ORDER BY anchor_id LIMIT ${PAGE}`;

async function* anchorLines(tx: Queryable, epoch: number): Lines {
  yield* walk(
    0,
    PAGE,
    (after) => rows<AnchorLine>(tx, ANCHORS, [epoch, after]),
    ({ anchor_id }) => anchor_id,
  );
}

async function* incidentLines(tx: Queryable, workspace_id: string): Lines {
  const text = `SELECT * FROM incidents WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT ${INCIDENTS}`;
  const page = (after: string) => rows<Incident>(tx, text, [workspace_id, after]);
  for await (const found of walk('', INCIDENTS, page, (last) => last.id))
    yield found.map((incident) => ({ kind: 'incident', workspace_id, record: incidentView(incident) }));
}

const HOLDS = `SELECT 'hold' AS kind, workspace_id, hold_id, incident_id, action, gate, target, released_at IS NOT NULL AS released
  FROM holds WHERE workspace_id = $1 AND hold_id > $2 ORDER BY hold_id LIMIT ${PAGE}`;

async function* holdLines(tx: Queryable, workspace_id: string): Lines {
  yield* walk(
    '',
    PAGE,
    (after) => rows<HoldLine>(tx, HOLDS, [workspace_id, after]),
    ({ hold_id }) => hold_id,
  );
}

/** The last statement whose entries wait for their place, as the snapshot sees it; null where none do. */
export async function lastWaiting(tx: Queryable): Promise<number | null> {
  const row = await one<{ batch_id: number }>(
    tx,
    'SELECT batch_id FROM ledger_unsequenced ORDER BY batch_id DESC LIMIT 1',
  );
  return row?.batch_id ?? null;
}

/** Leaves that a signed checkpoint of the epoch covers, once it covers what waited up to that statement; null until then. */
export async function coveredSize(db: Queryable, epoch: number, batch: number | null): Promise<number | null> {
  const row = await one<{ size: number }>(
    db,
    `SELECT signed_size AS size FROM log_heads WHERE workspace_id = 'system' AND epoch = $1 AND signed_size = size
        AND NOT EXISTS (SELECT 1 FROM ledger_unsequenced WHERE batch_id <= $2)`,
    [epoch, batch ?? 0],
  );
  return row?.size ?? null;
}
