import type { AnchorFindingCode } from '../../domain/ledger/anchor-check.ts';
import type { LedgerErrorCode } from '../../domain/ledger/error.ts';
import type { RecordFindingCode } from '../../domain/ledger/record-check.ts';
import type { FindingCode } from '../../domain/ledger/verify.ts';
import type { Column } from '../output/table.ts';

/** What is wrong and where: at which entries, where it concerns entries, and in which file or hash. */
export interface LogFinding {
  code:
    | FindingCode
    | RecordFindingCode
    | AnchorFindingCode
    | LedgerErrorCode
    | 'checkpoint_missing'
    | 'key_missing'
    | 'key_mismatch';
  at: number | null;
  count: number | null;
  where: string;
}

/** So many are kept to be shown: of a copy that is all wrong the rest says nothing more. */
const SHOWN = 1000;
/** With so many a verification ends: a forged size must not keep it busy for ever. */
const ENOUGH = 100_000;

export class Findings {
  readonly shown: LogFinding[] = [];
  total = 0;

  add(finding: LogFinding): void {
    this.total += 1;
    if (this.shown.length < SHOWN) this.shown.push(finding);
  }

  get enough(): boolean {
    return this.total >= ENOUGH;
  }
}

export const FINDING_COLUMNS: Column<LogFinding>[] = [
  { head: 'CODE', cell: (f) => f.code },
  { head: 'AT', cell: (f) => f.at },
  { head: 'COUNT', cell: (f) => f.count },
  { head: 'WHERE', cell: (f) => f.where },
];
