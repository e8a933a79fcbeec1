import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One row of the runbooks and a test that holds it. */
export interface RowTest {
  row: string;
  test: string;
  file: string;
}

/** A test's name that begins with row ids: `S4-34 resolve returns the record`, `S4-36 S4-37 …`. */
const NAMED = /(['"`])((?:S\d+-\d{2,3} )+)((?:\\.|(?!\1)[^\\\n])+)\1/g;

/** The rows that the names of a test file begin with. */
export function rowsOf(file: string, text: string): RowTest[] {
  return [...text.matchAll(NAMED)].flatMap(([, , ids = '', name = '']) =>
    ids
      .trim()
      .split(' ')
      .map((row) => ({ row, test: name.replace(/\\(.)/g, '$1'), file })),
  );
}

const byRow = (a: RowTest, b: RowTest): number =>
  a.row.localeCompare(b.row, 'en', { numeric: true }) || a.file.localeCompare(b.file, 'en');

const HEAD = `# Which test holds which row

Every requirement of the operating runbooks has an id; a test that holds it begins its name with that id. Written by
\`node script/rows.ts\`; \`--check\` says whether it is up to date.
`;

/** The document: per row its tests, per test its file. */
export function rowsDocument(tests: RowTest[]): string {
  const groups = Map.groupBy(tests.toSorted(byRow), (t) => t.row);
  const sections = [...groups].map(([row, list]) =>
    [`- **${row}**`, ...list.map(({ test, file }) => `  - ${escape(test)} ([${file}](../../${file}))`)].join('\n'),
  );
  return `${HEAD}\n${sections.join('\n')}\n`;
}

/** Names are text, not Markdown. */
const escape = (text: string): string => text.replace(/[\\`*_<>[\]|$#]/g, '\\$&');

function main(check: boolean): number {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const target = `${root}docs/runbooks/rows.md`;
  const files = globSync('test/**/*.test.ts', { cwd: root }).sort();
  const document = rowsDocument(files.flatMap((file) => rowsOf(file, readFileSync(`${root}${file}`, 'utf8'))));
  if (!check) writeFileSync(target, document);
  else if (readFileSync(target, 'utf8') !== document) {
    console.error('docs/runbooks/rows.md is not up to date: run node script/rows.ts');
    return 1;
  }
  return 0;
}

if (import.meta.main) process.exitCode = main(process.argv.includes('--check'));
