import type { Database } from '../../db/client.ts';

export interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows'?: number;
  'Actual Loops'?: number;
  'Rows Removed by Filter'?: number;
  Plans?: PlanNode[];
}

/** Every node of the plan that a statement was run by. */
export async function planOf(db: Database, { text, values }: { text: string; values: unknown[] }): Promise<PlanNode[]> {
  const { rows } = await db.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
    `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
    values,
  );
  const nodes: PlanNode[] = [];
  const walk = (node: PlanNode): void => {
    nodes.push(node);
    node.Plans?.forEach(walk);
  };
  walk(rows[0]?.['QUERY PLAN'][0]?.Plan ?? { 'Node Type': 'none' });
  return nodes;
}

/** Rows that the tables had to give, kept or not. */
export const rowsRead = (nodes: PlanNode[]): number =>
  nodes
    .filter((n) => n['Relation Name'] !== undefined)
    .reduce(
      (sum, n) => sum + ((n['Actual Rows'] ?? 0) + (n['Rows Removed by Filter'] ?? 0)) * (n['Actual Loops'] ?? 1),
      0,
    );

/** What the planner thinks that a statement costs. */
export async function costOf(db: Database, { text, values }: { text: string; values: unknown[] }): Promise<number> {
  const { rows } = await db.query<{ 'QUERY PLAN': { Plan: { 'Total Cost': number } }[] }>(
    `EXPLAIN (FORMAT JSON) ${text}`,
    values,
  );
  return rows[0]?.['QUERY PLAN'][0]?.Plan['Total Cost'] ?? Number.NaN;
}
