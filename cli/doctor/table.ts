import type { Finding } from '../../domain/doctor/finding.ts';
import type { Column } from '../output/table.ts';

export const FINDING_COLUMNS: readonly Column<Finding>[] = [
  { head: 'CHECK', cell: ({ name }) => name },
  { head: 'OK', cell: ({ ok }) => ok },
  { head: 'CODE', cell: ({ code }) => code },
  { head: 'DETAIL', cell: ({ detail }) => detail },
];
