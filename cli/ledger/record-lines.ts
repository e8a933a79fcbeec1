import { createHash } from 'node:crypto';
import { LedgerError } from '../../domain/ledger/error.ts';
import { MOST_LINE_BYTES, recordLineSchema } from '../../domain/ledger/records-file.ts';
import type { RecordLine } from '../../domain/ledger/records-file.ts';

const NEWLINE = 0x0a;

/** Lines of bytes without their ends, in the chunks' memory where they can be. Errors: LedgerError `records_malformed`. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([rest, chunk]);
    let from = 0;
    for (let to = bytes.indexOf(NEWLINE); to !== -1; to = bytes.indexOf(NEWLINE, from)) {
      yield bytes.subarray(from, to);
      from = to + 1;
    }
    rest = bytes.subarray(from);
    if (rest.length > MOST_LINE_BYTES) throw new LedgerError('records_malformed', 'a line is too long');
  }
  if (rest.length > 0) throw new LedgerError('records_malformed', 'the last line does not end');
}

/** The order in which the kinds of lines come. */
const ORDER: readonly RecordLine['kind'][] = ['head', 'node', 'anchor', 'incident', 'hold', 'end'];

/**
 * The lines of a `records` file, one at a time, up to its `end`, whose digest is that of what came before it.
 * Errors: LedgerError `records_malformed`, which names the line.
 */
export async function* recordLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<RecordLine> {
  const malformed = (what: string) => new LedgerError('records_malformed', `line ${number} ${what}`);
  const digest = createHash('sha256');
  let number = 0;
  let stage = 0;
  let ended = false;
  for await (const bytes of linesOf(chunks)) {
    number += 1;
    if (ended) throw malformed('comes after the end');
    const line = parsed(bytes);
    if (line === undefined) throw malformed('is no line of records');
    const at = ORDER.indexOf(line.kind);
    if (at < stage || (number === 1) !== (at === 0)) throw malformed('is not in its order');
    stage = at;
    ended = line.kind === 'end';
    if (line.kind === 'end' && line.digest !== digest.digest('hex')) throw malformed('is of other lines than these');
    if (line.kind !== 'end') digest.update(bytes).update('\n');
    yield line;
  }
  if (!ended) throw malformed('is the last, and no end');
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function parsed(bytes: Buffer): RecordLine | undefined {
  try {
    return recordLineSchema.parse(JSON.parse(UTF8.decode(bytes)));
  } catch {
    return undefined;
  }
}
