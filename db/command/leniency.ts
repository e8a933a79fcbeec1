import type { Leniency } from '../../domain/export/record.ts';
import type { ExportRow } from '../write/exports.ts';
import type { Tx } from '../transaction.ts';

/** What stands for the bundle of an export at this moment, in the transaction that judges by it. */
export async function standingLeniency(_tx: Tx, _row: ExportRow): Promise<Leniency> {
  return { waiver: null, override: null };
}

/** The same, and uses up the override that this export needs. */
export async function useLeniency(tx: Tx, row: ExportRow): Promise<Leniency> {
  return standingLeniency(tx, row);
}
