import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';

/** Reviewed files are read by people; one past this is none. */
const LONGEST_FILE = 256 * 1024;

/** A file that is no document of plain data: `unreadable` or `malformed_yaml`; the sentence repeats nothing of its text. */
export class ReviewedFileError extends Error {
  override readonly name = 'ReviewedFileError';
  readonly code: 'unreadable' | 'malformed_yaml';
  /** For files that hold nothing to be kept: the parser's own words where there are some. */
  readonly said: string;

  constructor(code: ReviewedFileError['code'], file: string, sentence: string, said = sentence) {
    super(`${file}: ${sentence}`);
    this.code = code;
    this.said = said;
  }
}

/** The plain data of a YAML 1.2 or JSON file: no tags, no aliases, no repeated keys. Errors: ReviewedFileError. */
export function readReviewedYaml(file: string): unknown {
  const document = parseDocument(readText(file), {
    version: '1.2',
    schema: 'core',
    strict: true,
    uniqueKeys: true,
    resolveKnownTags: false,
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    // The parser's sentences quote the line, and a line may hold what should not be there.
    const [place] = problem.linePos ?? [];
    const said = problem.message.split('\n')[0] ?? problem.code;
    throw new ReviewedFileError('malformed_yaml', file, `${problem.code} in line ${place?.line ?? 0}`, said);
  }
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    throw new ReviewedFileError('malformed_yaml', file, 'aliases are not taken');
  }
}

function readText(file: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new ReviewedFileError(
      'unreadable',
      file,
      `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
    );
  }
  if (bytes.length > LONGEST_FILE)
    throw new ReviewedFileError('unreadable', file, `is longer than ${LONGEST_FILE} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ReviewedFileError('unreadable', file, 'is not UTF-8');
  }
}
