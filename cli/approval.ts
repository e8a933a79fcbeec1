import { CliError, UsageError } from './errors.ts';
import { EXIT } from './exit-codes.ts';
import type { Session } from './command.ts';

export const APPROVAL_FLAGS = {
  reason: { kind: 'text', required: true, about: 'why what was observed is right' },
  ticket: { kind: 'text', value: 'ID', about: 'the maintenance ticket' },
  reviewed: { kind: 'text', value: 'DIGEST', about: 'the observed_digest of the diff that you have looked at' },
  yes: { kind: 'boolean', about: 'approve what the diff shows now, without being asked' },
} as const;

interface Given {
  reviewed: string | undefined;
  yes: boolean;
}

/** What is approved, as it stands now. */
interface Diff<T> {
  command: string;
  read: () => Promise<T>;
  show: (diff: T) => void;
  /** The question that yes answers. */
  question: (diff: T) => string;
  /** What to do when nothing was observed. */
  otherwise: string;
}

/**
 * The digest of what is approved: as given, else of the diff that is read and shown now and agreed to, by `--yes` or on
 * the terminal. Undefined: the person declined. Errors: UsageError, `nothing_observed`.
 */
export async function reviewedDigest<T extends { observed_digest: string | null }>(
  { reviewed, yes }: Given,
  { out, ask }: Pick<Session, 'out' | 'ask'>,
  { command, read, show, question, otherwise }: Diff<T>,
): Promise<string | undefined> {
  if (reviewed !== undefined) {
    if (/^[0-9a-f]{64}$/.test(reviewed)) return reviewed;
    throw new UsageError('--reviewed takes a SHA-256 digest, 64 hexadecimal digits', command);
  }
  if (!yes && ask === undefined) throw new UsageError('--reviewed or --yes is missing: nobody can be asked', command);
  const diff = await read();
  if (diff.observed_digest === null)
    throw new CliError(`nothing was observed: ${otherwise}`, 'nothing_observed', EXIT.blocked);
  if (!out.json) show(diff);
  if (yes || ask === undefined) return diff.observed_digest;
  const answer = await ask(`${question(diff)} [y/N] `);
  if (/^y(es)?$/i.test(answer.trim())) return diff.observed_digest;
  out.note('not approved');
  return undefined;
}
