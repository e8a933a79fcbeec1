import { getTableColumns } from 'drizzle-orm';
import type { Incident } from '../../domain/incident/types.ts';
import { incidents } from '../schema/incidents.ts';
import type { Tx } from '../transaction.ts';
import { columnArrays, columnType, unnestInsert } from './unnest.ts';
import { together } from '../together.ts';

const COLUMNS = Object.keys(getTableColumns(incidents)) as (keyof Incident)[];
const TYPES = COLUMNS.map((name) => columnType(getTableColumns(incidents)[name]));
const MUTABLE = COLUMNS.filter(
  (name) => !['workspace_id', 'id', 'number', 'created_at', 'actor', 'on_behalf_of'].includes(name),
);
/** What a new incident cannot have yet is left to the columns' default, null: a quarter of the row need not travel. */
const LATER: (keyof Incident)[] = [
  'ack_binding',
  'acked_at',
  'acked_by',
  'acked_actor',
  'reattest_binding',
  're_attested_at',
  'triaged_at',
  'triaged_by',
  'resolved_at',
  'resolved_by',
];
const FIRST = COLUMNS.filter((name) => !LATER.includes(name));
const INSERT = unnestInsert(
  'incidents',
  FIRST,
  FIRST.map((name) => columnType(getTableColumns(incidents)[name])),
);
const UPDATE = `UPDATE incidents AS t SET ${MUTABLE.map((c) => `${c} = s.${c}`).join(', ')}
  FROM (SELECT ${COLUMNS.map((c, i) => `unnest($${i + 1}::${TYPES[i]}[]) AS ${c}`).join(', ')}) AS s
  WHERE t.workspace_id = s.workspace_id AND t.id = s.id AND t.version < s.version`;

const valuesOf = columnArrays(COLUMNS, TYPES);

const JSON_COLUMNS = COLUMNS.filter((_, i) => TYPES[i] === 'jsonb');

/** The columns of type jsonb travel as their text. */
const asRow = (incident: Incident): Record<keyof Incident, unknown> => ({
  ...incident,
  ...Object.fromEntries(JSON_COLUMNS.map((name) => [name, JSON.stringify(incident[name])])),
});

/** Inserts what is new and replaces what was locked; `version` may only grow. */
export async function writeIncidents(tx: Tx, after: Incident[], before: ReadonlyMap<string, Incident>): Promise<void> {
  const isNew = (i: Incident): boolean => !before.has(`${i.workspace_id}/${i.id}`);
  const fresh = after.filter(isNew);
  const known = after.filter((i) => !isNew(i));
  if (fresh.some((i) => LATER.some((name) => i[name] !== null))) throw new Error('a new incident was decided already');
  const [, updated] = await together([
    fresh.length === 0
      ? null
      : tx.query({ name: 'incidents-insert', text: INSERT.text, values: INSERT.values(fresh.map(asRow)) }),
    known.length === 0
      ? null
      : tx.query({ name: 'incidents-update', text: UPDATE, values: valuesOf(known.map(asRow)) }),
  ]);
  if (updated !== null && updated.rowCount !== known.length)
    throw new Error('an incident changed although its row was locked');
}
