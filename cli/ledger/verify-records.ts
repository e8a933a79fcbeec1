import { AnchorCheck } from '../../domain/ledger/anchor-check.ts';
import type { Checkpoint } from '../../domain/ledger/checkpoint.ts';
import { leafSchema } from '../../domain/ledger/entry.ts';
import type { LedgerLeaf } from '../../domain/ledger/entry.ts';
import { LedgerError } from '../../domain/ledger/error.ts';
import { RecordCheck } from '../../domain/ledger/record-check.ts';
import type { RecordLine, RecordsHead } from '../../domain/ledger/records-file.ts';
import type { ExpectedRoot } from '../../domain/ledger/verify.ts';
import { sharedSha256 } from '../sha256.ts';
import type { Findings, LogFinding } from './findings.ts';
import type { LogSource } from './log-source.ts';
import { recordLines } from './record-lines.ts';

/** `records` is the moment that they are of; counts are of what was held against the log. */
export interface RecordsVerdict {
  records: string | null;
  incidents: number | null;
  holds: number | null;
  /** Holds of no incident, which no entry is known to place. */
  holds_unknown: number | null;
  anchors: number | null;
  /** `ok`: each completed one was verified; `unknown`: of some, or of all, there is no evidence here. */
  anchor: 'ok' | 'none' | 'unknown';
}

export const NO_RECORDS: RecordsVerdict = {
  records: null,
  incidents: null,
  holds: null,
  holds_unknown: null,
  anchors: null,
  anchor: 'unknown',
};

/** Only leaves that have one of these are looked at: to parse each would take longer than to hash it. */
const ABOUT = ['"object":"incident/', '"object":"log/', '"object":"hold/', '"object":"node/'];

/** Holds the records of a copy against its log while that is verified: a line at a time, whatever their number. */
export class RecordsVerifier {
  readonly #lines: AsyncGenerator<RecordLine>;
  readonly #findings: Findings;
  readonly #head: RecordsHead;
  readonly #anchors: AnchorCheck;
  readonly #records: RecordCheck;
  #next: RecordLine | undefined;
  #foundBefore = 0;

  private constructor(lines: AsyncGenerator<RecordLine>, head: RecordsHead, findings: Findings) {
    this.#lines = lines;
    this.#head = head;
    this.#findings = findings;
    const report = ({ code, at, detail }: { code: LogFinding['code']; at: number | null; detail: string }) =>
      findings.add({ code, at, count: at === null ? null : 1, where: detail });
    this.#anchors = new AnchorCheck(head, sharedSha256, (finding) => {
      this.#foundBefore += 1;
      report(finding);
    });
    this.#records = new RecordCheck(head, sharedSha256, report);
  }

  /** Undefined where the copy has no records, or none of this log. */
  static async open(log: LogSource, checkpoint: Checkpoint, findings: Findings): Promise<RecordsVerifier | undefined> {
    const chunks = (await log.chunks?.('records')) ?? null;
    if (chunks === null) return undefined;
    const lines = recordLines(chunks);
    const head = await nextOf(lines, findings);
    if (head?.kind !== 'head') return undefined;
    if (head.origin !== checkpoint.origin || head.from > checkpoint.size) {
      const code = head.origin === checkpoint.origin ? 'log_short' : 'origin_mismatch';
      findings.add({ code, at: null, count: null, where: 'records' });
      return undefined;
    }
    const verifier = new RecordsVerifier(lines, head, findings);
    verifier.#next = await nextOf(lines, findings);
    return verifier;
  }

  leaf(index: number, bytes: Buffer): void {
    if (!ABOUT.some((about) => bytes.includes(about))) return;
    const leaf = leafOf(bytes);
    if (leaf === undefined) return;
    this.#records.entry(index, leaf);
    this.#anchors.entry(index, leaf);
  }

  /** The roots that the log has to have at the sizes of the anchors up to `size`. */
  async anchorsUpTo(size: number): Promise<ExpectedRoot[]> {
    const expected: ExpectedRoot[] = [];
    for (let line = this.#next; line !== undefined; line = this.#next = await nextOf(this.#lines, this.#findings)) {
      if (line.kind === 'node') this.#anchors.node(line);
      else if (line.kind === 'anchor' && line.size <= size) expected.push(...asList(this.#anchors.anchor(line)));
      else break;
    }
    return expected;
  }

  /** After the last leaf. */
  async finish(): Promise<RecordsVerdict> {
    this.#anchors.end();
    let whole = false;
    for (let line = this.#next; line !== undefined; line = await nextOf(this.#lines, this.#findings)) {
      if (line.kind === 'incident') this.#records.incident(line);
      else if (line.kind === 'hold') this.#records.hold(line);
      else whole = line.kind === 'end';
      if (this.#findings.enough) break;
    }
    if (whole) this.#records.end();
    const { incidents, holds, holdsUnknown: holds_unknown } = this.#records;
    const { anchors, verified, unknown } = this.#anchors;
    const anchor = unknown > 0 || this.#foundBefore > 0 ? 'unknown' : verified > 0 ? 'ok' : 'none';
    return { records: this.#head.at, incidents, holds, holds_unknown, anchors, anchor };
  }
}

const asList = <T>(value: T | null): T[] => (value === null ? [] : [value]);

/** The next line; undefined at the end, and where the file is malformed, which is then among the findings. */
async function nextOf(lines: AsyncGenerator<RecordLine>, findings: Findings): Promise<RecordLine | undefined> {
  try {
    const next = await lines.next();
    return next.done === true ? undefined : next.value;
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    findings.add({ code: error.code, at: null, count: null, where: `records: ${error.message}` });
    return undefined;
  }
}

/** What is no leaf is of nothing that is on record; that it is no leaf the tree says. */
function leafOf(bytes: Buffer): LedgerLeaf | undefined {
  try {
    return leafSchema.parse(JSON.parse(bytes.toString()));
  } catch {
    return undefined;
  }
}
