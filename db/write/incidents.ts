import { getTableColumns } from 'drizzle-orm';
import type { Incident } from '../../domain/incident/types.ts';
import { incidents } from '../schema/incidents.ts';
import type { Tx } from '../transaction.ts';
import { columnType, unnestInsert } from './unnest.ts';
import { together } from '../together.ts';

const COLUMNS = Object.keys(getTableColumns(incidents)) as (keyof Incident)[];
const TYPES = COLUMNS.map((name) => columnType(getTableColumns(incidents)[name]));
const INSERT = unnestInsert('incidents', COLUMNS, TYPES);
const MUTABLE = COLUMNS.filter(
  (name) => !['workspace_id', 'id', 'number', 'created_at', 'actor', 'on_behalf_of'].includes(name),
);
const UPDATE = `UPDATE incidents AS t SET ${MUTABLE.map((c) => `${c} = s.${c}`).join(', ')}
  FROM (SELECT ${COLUMNS.map((c, i) => `unnest($${i + 1}::${TYPES[i]}[]) AS ${c}`).join(', ')}) AS s
  WHERE t.workspace_id = s.workspace_id AND t.id = s.id AND t.version < s.version`;

const cell = (value: unknown): unknown => (typeof value === 'object' && value !== null ? JSON.stringify(value) : value);
const columnArrays = (list: Incident[]): unknown[] =>
  COLUMNS.map((name) => list.map((incident) => cell(incident[name])));

/** Inserts what is new and replaces what was locked; `version` may only grow. */
export async function writeIncidents(tx: Tx, after: Incident[], before: ReadonlyMap<string, Incident>): Promise<void> {
  const isNew = (i: Incident): boolean => !before.has(`${i.workspace_id}/${i.id}`);
  const fresh = after.filter(isNew);
  const known = after.filter((i) => !isNew(i));
  const [, updated] = await together([
    fresh.length === 0 ? null : tx.query({ name: 'incidents-insert', text: INSERT, values: columnArrays(fresh) }),
    known.length === 0 ? null : tx.query({ name: 'incidents-update', text: UPDATE, values: columnArrays(known) }),
  ]);
  if (updated !== null && updated.rowCount !== known.length)
    throw new Error('an incident changed although its row was locked');
}
