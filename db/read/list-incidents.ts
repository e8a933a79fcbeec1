import { CLASSES } from '../../domain/containment/types.ts';
import type { IncidentClass } from '../../domain/containment/types.ts';
import { INCIDENT_STATES } from '../../domain/incident/types.ts';
import type { Incident, IncidentState } from '../../domain/incident/types.ts';
import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { visibleWorkspaces } from '../command/caller.ts';
import { Parameters } from './parameters.ts';

/** The last incident of a page; the next page starts behind it. */
export interface IncidentPosition {
  severity_rank: number;
  created_at: string;
  id: string;
}

export interface IncidentFilter {
  workspace_id: string;
  /** `contained` means everything that waits for recovery, not the state of that name alone. */
  state?: IncidentState;
  class?: IncidentClass;
  severity_rank?: number;
  limit: number;
  after?: IncidentPosition;
}

export interface Page<T, P> {
  items: T[];
  next: P | null;
}

/** The predicate of the index `incidents_awaiting`, word for word: the planner compares text, not meaning. */
const AWAITING = "(state IN ('contained', 'containment_failed') OR (state = 'open' AND pending_actions > 0))";
const ORDER = 'severity_rank, created_at DESC, id';

/** Highest severity first, then newest, then id; the whole order is a merge of index walks. */
export async function listIncidents(db: Queryable, filter: IncidentFilter): Promise<Page<Incident, IncidentPosition>> {
  const { text, values } = incidentListQuery(filter);
  const found = await rows<Incident>(db, text, values);
  const items = found.slice(0, filter.limit);
  const last = items.at(-1);
  const more = found.length > filter.limit && last !== undefined;
  return { items, next: more ? { severity_rank: last.severity_rank, created_at: last.created_at, id: last.id } : null };
}

/** The statement of `listIncidents`; it asks for one row more than the page holds. */
export function incidentListQuery(filter: IncidentFilter): { text: string; values: unknown[] } {
  const parameters = new Parameters();
  const limit = parameters.add(filter.limit + 1, 'int4');
  const alternatives = alternativesOf(filter, parameters);
  const severity =
    filter.severity_rank === undefined ? '' : ` AND severity_rank = ${parameters.add(filter.severity_rank, 'int2')}`;
  const ranges = filter.after === undefined ? [''] : rangesBehind(filter.after, parameters);
  const parts = visibleWorkspaces(filter.workspace_id).flatMap((workspace_id) => {
    const workspace = parameters.add(workspace_id);
    return alternatives.flatMap((alternative) =>
      ranges.map(
        (range) =>
          `(SELECT * FROM incidents WHERE workspace_id = ${workspace}${alternative}${severity}${range} ORDER BY ${ORDER} LIMIT ${limit})`,
      ),
    );
  });
  const text = `SELECT * FROM (${parts.join('\nUNION ALL\n')}) AS page ORDER BY ${ORDER} LIMIT ${limit}`;
  return { text, values: parameters.values };
}

/**
 * The filter as conditions that exclude each other, each of them one walk of an index: that of states and classes has the
 * order of the list only where both are given, so the one that is missing goes through its values.
 */
function alternativesOf({ state, class: cls }: IncidentFilter, parameters: Parameters): string[] {
  if (state === undefined && cls === undefined) return [''];
  if (state === 'contained' && cls === undefined) return [` AND ${AWAITING}`];
  const of = (s: IncidentState, c: string, more = '') => ` AND state = ${parameters.add(s)} AND class = ${c}${more}`;
  if (cls === undefined) return CLASSES.map((c) => of(state as IncidentState, parameters.add(c)));
  const c = parameters.add(cls);
  if (state === undefined) return INCIDENT_STATES.map((s) => of(s, c));
  if (state !== 'contained') return [of(state, c)];
  return [of('contained', c), of('containment_failed', c), of('open', c, ' AND pending_actions > 0')];
}

/**
 * What comes behind a position, as three ranges of the index: the order mixes directions, so no row comparison says it,
 * and an OR would read every row before the position again.
 */
function rangesBehind(after: IncidentPosition, parameters: Parameters): string[] {
  const rank = parameters.add(after.severity_rank, 'int2');
  const at = parameters.add(after.created_at, 'timestamptz');
  const id = parameters.add(after.id);
  return [
    ` AND severity_rank = ${rank} AND created_at = ${at} AND id > ${id}`,
    ` AND severity_rank = ${rank} AND created_at < ${at}`,
    ` AND severity_rank > ${rank}`,
  ];
}
