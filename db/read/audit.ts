import { visibleWorkspaces } from '../command/caller.ts';
import { SEARCHED_LENGTH } from '../write/log-places.ts';
import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import type { Page } from './list-incidents.ts';
import { Parameters } from './parameters.ts';

/** An RFC 3339 time, or so many seconds before now by the database's clock. */
export type Since = { at: string } | { seconds_ago: number };

/** The last entry of a page; the next page starts behind it. */
export interface AuditPosition {
  at: string;
  entry_id: number;
}

export interface AuditFilter {
  workspace_id: string;
  since?: Since;
  /** Entries before this time. */
  until?: Since;
  actor?: string;
  action?: string;
  /** `<type>/<id>`. */
  entity?: string;
  limit: number;
  after?: AuditPosition;
}

/** Who did what to what. */
export interface AuditRow {
  epoch: number;
  index: number;
  entry_id: number;
  at: string;
  workspace_id: string;
  actor: string;
  on_behalf_of: string | null;
  action: string;
  object: string;
}

/** Entries of the log that the workspace sees, newest first by their own time. */
export async function listAudit(db: Queryable, filter: AuditFilter): Promise<Page<AuditRow, AuditPosition>> {
  const { text, values } = auditQuery(filter);
  const found = await rows<AuditRow>(db, text, values);
  const items = found.slice(0, filter.limit);
  const last = items.at(-1);
  const more = found.length > filter.limit && last !== undefined;
  return { items, next: more ? { at: last.at, entry_id: last.entry_id } : null };
}

const ORDER = 'at DESC, entry_id DESC';

/** The statement of `listAudit`: one walk of an index per workspace, and the entries themselves only of the page. */
export function auditQuery(filter: AuditFilter): { text: string; values: unknown[] } {
  const parameters = new Parameters();
  const limit = parameters.add(filter.limit + 1, 'int4');
  const conditions = conditionsOf(filter, parameters);
  const walks = visibleWorkspaces(filter.workspace_id).map((workspace) => {
    const where = [`workspace_id = ${parameters.add(workspace)}`, ...conditions].join(' AND ');
    return `(SELECT * FROM log_index WHERE ${where} ORDER BY ${ORDER} LIMIT ${limit})`;
  });
  const text = `SELECT p.epoch, p.idx AS index, p.entry_id, p.at, p.workspace_id, e.actor, e.on_behalf_of, e.action, e.object
    FROM (SELECT * FROM (${walks.join('\nUNION ALL\n')}) AS walked ORDER BY ${ORDER} LIMIT ${limit}) AS p
    JOIN ledger_entries e USING (entry_id) ORDER BY p.at DESC, p.entry_id DESC`;
  return { text, values: parameters.values };
}

function conditionsOf(filter: AuditFilter, parameters: Parameters): string[] {
  const { since, until, after } = filter;
  const equal = (column: string, value: string | undefined) =>
    value === undefined ? [] : [`${column} = left(${parameters.add(value, 'text')}, ${SEARCHED_LENGTH})`];
  return [
    ...equal('actor', filter.actor),
    ...equal('action', filter.action),
    ...equal('object', filter.entity),
    ...(since === undefined ? [] : [`at >= ${instant(since, parameters)}`]),
    ...(until === undefined ? [] : [`at < ${instant(until, parameters)}`]),
    ...(after === undefined
      ? []
      : [`(at, entry_id) < (${parameters.add(after.at, 'timestamptz')}, ${parameters.add(after.entry_id, 'int8')})`]),
  ];
}

const instant = (since: Since, parameters: Parameters): string =>
  'at' in since
    ? parameters.add(since.at, 'timestamptz')
    : `now() - make_interval(secs => ${parameters.add(since.seconds_ago, 'float8')})`;
