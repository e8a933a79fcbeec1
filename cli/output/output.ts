import { printable, printableJson } from './printable.ts';
import { cellText, tableLines } from './table.ts';
import type { Column } from './table.ts';

export interface Stream {
  write: (text: string) => unknown;
  isTTY?: boolean;
}

type Facts = readonly (readonly [string, string | number | boolean | null | undefined])[];

/** Where a command speaks: its answer on `stdout`, everything about the answer on `stderr`. */
export interface Output {
  /** Whether the answer is the server's JSON and nothing else. */
  json: boolean;
  /** Prints the server's answer under `--json`, else what `human` prints. */
  answer: (body: unknown, human: () => void) => void;
  line: (text: string) => void;
  /** Our own text as it is, line breaks and all. */
  text: (text: string) => void;
  /** `key: value` lines. */
  facts: (facts: Facts) => void;
  /** A table, or the sentence `none` when there are no rows. */
  table: <T>(rows: readonly T[], columns: readonly Column<T>[], none: string) => void;
  note: (text: string) => void;
  /** The stream on which progress is drawn; undefined where nobody watches. */
  progress: Stream | undefined;
}

export function createOutput(stdout: Stream, stderr: Stream, json: boolean): Output {
  const line = (text: string) => stdout.write(`${text}\n`);
  return {
    json,
    answer: (body, human) => {
      if (json) line(printableJson(body));
      else human();
    },
    line: (text) => line(printable(text)),
    text: (text) => stdout.write(text),
    facts: (facts) => {
      for (const [key, value] of facts) line(`${key}: ${cellText(value)}`);
    },
    table: (rows, columns, none) => {
      if (rows.length === 0) line(none);
      else for (const text of tableLines(rows, columns)) line(text);
    },
    note: (text) => stderr.write(`${printable(text)}\n`),
    progress: stderr.isTTY === true ? stderr : undefined,
  };
}
