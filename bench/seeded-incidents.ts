import { getTableColumns } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Database } from '../db/client.ts';
import { holds } from '../db/schema/gates.ts';
import { incidents } from '../db/schema/incidents.ts';
import { ledgerEntries } from '../db/schema/ledger.ts';
import { columnType } from '../db/write/unnest.ts';

/** Stands in a pattern wherever each of its copies has its own number. */
export const NUMBER = '00000000';

export interface Seed {
  /** Ids of incidents as the API has recorded them in this database, taken in turn; one may be named more than once. */
  patterns: readonly string[];
  /** Incidents, of which `open` stay as their patterns are, one in every so many; the others are resolved. */
  total: number;
  open: number;
}

const CHUNK = 20_000;
const FIRST_NUMBER = 1_000_000;

/** The copy `s.n` of the pattern `t`, a second later than the one before; one in a hundred is the instance's own. */
const CREATED = `date_trunc('milliseconds', now()) - (s.total - s.n) * interval '1 second'`;
const ID = `'INC-' || to_char(${CREATED}, 'YYYYMMDD-HH24MISS') || '-' || (${FIRST_NUMBER} + s.n)`;
const WORKSPACE = `CASE WHEN s.n % 97 = 0 THEN 'system' ELSE t.workspace_id END`;
const unless = (open: string, resolved: string): string => `CASE WHEN s.open THEN ${open} ELSE ${resolved} END`;

const INCIDENT = {
  workspace_id: WORKSPACE,
  id: ID,
  number: `${FIRST_NUMBER} + s.n`,
  created_at: CREATED,
  required_after: CREATED,
  state: unless('t.state', `'resolved'`),
  recovery_pending: unless('t.recovery_pending', 'false'),
  ack_binding: unless('t.ack_binding', 'CASE WHEN t.require_ack THEN t.binding END'),
  acked_at: unless('t.acked_at', `CASE WHEN t.require_ack THEN ${CREATED} END`),
  acked_by: unless('t.acked_by', `CASE WHEN t.require_ack THEN 'seed@org' END`),
  reattest_binding: unless('t.reattest_binding', 'CASE WHEN t.require_reattest THEN t.binding END'),
  re_attested_at: unless('t.re_attested_at', `CASE WHEN t.require_reattest THEN ${CREATED} END`),
  resolved_at: unless('NULL', CREATED),
  resolved_by: unless('NULL', `'seed@org'`),
};
const HOLD = {
  workspace_id: WORKSPACE,
  hold_id: `${ID} || '/' || t.action`,
  incident_id: ID,
  generation: 's.n',
  placed_at: CREATED,
  released_at: unless('NULL', CREATED),
  released_by: unless('NULL', `'seed@org'`),
  release_reason: unless('NULL', `'resolved'`),
};
const ENTRY = { workspace_id: WORKSPACE, object: `'incident/' || ${ID}`, at: CREATED };

/** Every column as the pattern has it, but for what `changes` says and for the number in texts. */
function copyOf(name: string, table: PgTable, changes: Record<string, string>, where: string): string {
  const columns = Object.entries(getTableColumns(table)).filter(([column]) => column !== 'entry_id');
  const values = columns.map(([column, definition]) => {
    const type = columnType(definition);
    if (changes[column] !== undefined) return changes[column];
    if (type !== 'text' && type !== 'jsonb') return `t.${column}`;
    return `replace(t.${column}::text, '${NUMBER}', lpad(s.n::text, ${NUMBER.length}, '0'))::${type}`;
  });
  return `INSERT INTO ${name} (${columns.map(([column]) => column).join(', ')}) SELECT ${values.join(', ')}
    FROM (SELECT n, $5::int8 AS total, (n - 1) % $3::int8 = 0 AND (n - 1) / $3::int8 < $4::int8 AS open,
        ($6::text[])[1 + ((n - 1) / $3::int8) % cardinality($6::text[])] AS pattern
      FROM generate_series($1::int8, $2::int8) AS g(n)) AS s JOIN pattern_${name} t ON ${where}`;
}

/** Of the entries an incident's first one: the ledger is written to and never read by what is measured. */
const PATTERNS = [
  'CREATE TEMP TABLE pattern_incidents AS SELECT * FROM incidents',
  'CREATE TEMP TABLE pattern_holds AS SELECT * FROM holds',
  `CREATE TEMP TABLE pattern_ledger_entries AS SELECT DISTINCT ON (object) * FROM ledger_entries ORDER BY object, entry_id`,
];
const COPIES = [
  copyOf('incidents', incidents, INCIDENT, 't.id = s.pattern'),
  copyOf('holds', holds, HOLD, 't.incident_id = s.pattern'),
  copyOf('ledger_entries', ledgerEntries, ENTRY, `t.object = 'incident/' || s.pattern`),
];

/** What the record keeps beside its rows, counted afresh from them; and no process, as if every one had been over. */
const TOTALS = [
  `INSERT INTO gate_states (workspace_id, gate, target, generation, standing, changed_at, actor)
    SELECT workspace_id, gate, target, max(generation), count(*) FILTER (WHERE released_at IS NULL), max(placed_at), 'seed'
      FROM holds GROUP BY 1, 2, 3
    ON CONFLICT (workspace_id, gate, target) DO UPDATE SET generation = excluded.generation, standing = excluded.standing`,
  `INSERT INTO incident_counters (workspace_id, class, severity, state, n, actor)
    SELECT workspace_id, class, severity, state, count(*), 'seed' FROM incidents GROUP BY 1, 2, 3, 4
    ON CONFLICT (workspace_id, class, severity, state) DO UPDATE SET n = excluded.n`,
  `INSERT INTO tallies (workspace_id, name, n, actor)
    SELECT workspace_id, 'holds_standing/' || gate, count(*), 'seed' FROM holds WHERE released_at IS NULL GROUP BY 1, 2
    UNION ALL SELECT workspace_id, 'contained_ever', count(*), 'seed' FROM incidents WHERE contained_at IS NOT NULL GROUP BY 1
    UNION ALL SELECT workspace_id, 'recovery_pending', count(*), 'seed' FROM incidents WHERE recovery_pending GROUP BY 1
    ON CONFLICT (workspace_id, name) DO UPDATE SET n = excluded.n`,
  `INSERT INTO decisions (workspace_id, aggregate, decision_id, kind, request_digest, outcome, at, actor)
    SELECT workspace_id, 'incident/' || id, 'seed', 'resolve', hash, '{"ok":true}', resolved_at, 'seed' FROM incidents WHERE state = 'resolved'`,
  `SELECT setval('incident_number', (SELECT max(number) FROM incidents))`,
  'DELETE FROM outbox',
  'DELETE FROM process',
  'VACUUM (ANALYZE)',
];

/** Fills a database with copies of its patterns, straight into the tables. */
export async function seedIncidents(db: Database, { patterns, total, open }: Seed): Promise<void> {
  const session = await db.connect();
  try {
    await session.query('SET statement_timeout = 0; SET synchronous_commit = off');
    for (const statement of PATTERNS) await session.query(statement);
    const stride = Math.max(1, Math.floor(total / open));
    for (let from = 1; from <= total; from += CHUNK) {
      const values = [from, Math.min(total, from + CHUNK - 1), stride, open, total, patterns];
      await session.query('BEGIN');
      for (const copy of COPIES) await session.query(copy, values);
      await session.query('COMMIT');
    }
    for (const statement of TOTALS) await session.query(statement);
  } finally {
    session.release(true);
  }
}
