// What a rotation goes through: the new one is proved to work and the old one to fail, or the rotation is not complete.

/** What can be rotated. Each row has a strategy that knows how. */
export const ROTATION_ROWS = [
  'admin_token',
  'readonly_token',
  'payload_key',
  'upstream_key',
  'oauth_account',
  'adapter_secret',
  'adapter_slot',
  'provisioning_token',
  'forensic_key',
  'ledger_key',
  'provenance_key',
  'master_key',
] as const;
export type RotationRow = (typeof ROTATION_ROWS)[number];
export const isRotationRow = (value: unknown): value is RotationRow => ROTATION_ROWS.includes(value as RotationRow);

/**
 * `inspect` changes nothing. `stage` makes the new one beside the old; `cut_over` puts it in the old one's place; the
 * `overlap` is waited for, both work; `withdraw` ends the old one where it does not end by itself; `revoke` removes what
 * is left of it.
 */
export const STEPS = [
  'inspect',
  'stage',
  'prove_new',
  'cut_over',
  'overlap',
  'withdraw',
  'prove_old',
  'revoke',
] as const;
export type Step = (typeof STEPS)[number];

/**
 * The steps of a row in their order. Where nobody can use the new one before it is in its place, it is proved right
 * after the cut, and the cut is undone when that fails.
 */
const IN_PLACE: readonly Step[] = ['inspect', 'stage', 'cut_over', 'prove_new', 'prove_old', 'revoke'];
const PLANS: Record<RotationRow, readonly Step[]> = {
  admin_token: IN_PLACE,
  readonly_token: IN_PLACE,
  // Every process opens with it before it seals; the old one goes on opening, and has ended when it seals nothing.
  payload_key: IN_PLACE,
  upstream_key: ['inspect', 'stage', 'prove_new', 'cut_over', 'overlap', 'prove_old', 'revoke'],
  adapter_secret: ['inspect', 'stage', 'prove_new', 'cut_over', 'overlap', 'withdraw', 'prove_old', 'revoke'],
  oauth_account: ['inspect', 'stage', 'prove_new', 'cut_over', 'overlap', 'withdraw', 'prove_old', 'revoke'],
  forensic_key: IN_PLACE,
  adapter_slot: IN_PLACE,
  provisioning_token: IN_PLACE,
  // What was asked of the log is never taken back: the key is proved before, and what comes after is waited for.
  ledger_key: ['inspect', 'stage', 'prove_new', 'cut_over', 'prove_old', 'revoke'],
  provenance_key: ['inspect', 'stage', 'prove_new', 'cut_over', 'prove_old', 'revoke'],
  // Staging is the whole migration; the overlap is how long the old key's file is kept.
  master_key: ['inspect', 'stage', 'cut_over', 'prove_new', 'overlap', 'prove_old', 'revoke'],
};

export interface PlanOptions {
  dry_run: boolean;
  /** Seconds that both work; 0 leaves the overlap out. */
  overlap_seconds: number;
}

/** The steps to take, in order. A dry run only looks. */
export function planOf(row: RotationRow, { dry_run, overlap_seconds }: PlanOptions): readonly Step[] {
  if (dry_run) return ['inspect'];
  return PLANS[row].filter((step) => step !== 'overlap' || overlap_seconds > 0);
}

/** Rows of the instance itself: only who decides for it may rotate them. */
const OF_THE_INSTANCE: readonly RotationRow[] = [
  'admin_token',
  'readonly_token',
  'payload_key',
  'upstream_key',
  'oauth_account',
  'forensic_key',
  'ledger_key',
  'provenance_key',
  'master_key',
];
export const isOfTheInstance = (row: RotationRow): boolean => OF_THE_INSTANCE.includes(row);

/** Whether both can work at a time, so that an overlap can be asked for. */
export const overlaps = (row: RotationRow): boolean => PLANS[row].includes('overlap');
