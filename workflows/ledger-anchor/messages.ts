/** The one argument of `ledgerAnchor`; its id is `anchor/<node>`. */
export interface LedgerAnchorInput {
  schema: 1;
  node: string;
  /** The process that asks is about to end: the pace does not count. */
  closing: boolean;
}

/** `missed`: nobody or nothing answered in time, and the next one tries again. */
export interface LedgerAnchorResult {
  result: 'anchored' | 'not_due' | 'not_enrolled' | 'suspected' | 'missed';
  reason?: string;
}
