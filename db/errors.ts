export type DatabaseErrorCode = 'database_unreachable' | 'outcome_unknown';

/** A database that could not be asked, or did not say what became of a commit. Carries no query and no credentials. */
export class DatabaseError extends Error {
  readonly code: DatabaseErrorCode;
  constructor(code: DatabaseErrorCode, cause?: unknown) {
    super(
      code === 'outcome_unknown' ? 'the database did not say whether it committed' : 'the database is unreachable',
      {
        cause,
      },
    );
    this.name = 'DatabaseError';
    this.code = code;
  }
}

/** The five-character SQLSTATE of a server error, undefined for anything else. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && 'severity' in (error as object) ? code : undefined;
}

export const isRepeatable = (error: unknown): boolean => ['40001', '40P01'].includes(sqlState(error) ?? '');

/** Classes 21, 22 and 23: one row of the batch is at fault, not the batch. */
export const blamesARow = (error: unknown): boolean => /^2[123]/.test(sqlState(error) ?? '');

/** Server errors that mean 'not now': shutdown, crash recovery, too many connections. */
const UNREACHABLE = /^(08|57P|53300)/;

/** True when the database could not be asked at all; refused, reset, timed out, shutting down. */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof DatabaseError) return true;
  const state = sqlState(error);
  if (state !== undefined) return UNREACHABLE.test(state);
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string' && /^E(CONN|PIPE|TIMEDOUT|HOSTUNREACH|NOTFOUND|AI_AGAIN)/.test(code)) return true;
  return (
    error instanceof Error &&
    /Connection terminated|timeout exceeded when trying to connect|not queryable/.test(error.message)
  );
}
