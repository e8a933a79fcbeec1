import { printable } from './printable.ts';

/** One column: its heading, and its cell of a row. */
export interface Column<T> {
  head: string;
  cell: (row: T) => string | number | boolean | null | undefined;
}

/** `-` stands for what is not there; yes and no for what is true and false. */
export function cellText(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined || value === '') return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return printable(String(value));
}

/** Lines of a table, columns as wide as their widest cell, the last one as wide as it is. */
export function tableLines<T>(rows: readonly T[], columns: readonly Column<T>[]): string[] {
  const cells = [columns.map((c) => c.head), ...rows.map((row) => columns.map((c) => cellText(c.cell(row))))];
  const widths = columns.map((_, i) => cells.reduce((width, line) => Math.max(width, line[i]?.length ?? 0), 0));
  return cells.map((line) =>
    line.map((text, i) => (i === line.length - 1 ? text : text.padEnd(widths[i] ?? 0))).join('  '),
  );
}
