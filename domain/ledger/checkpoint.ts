// A checkpoint says in three lines which tree of which log it is: C2SP tlog-checkpoint.
import { fromBase64, toBase64 } from '../signing/base64.ts';
import { LedgerError } from './error.ts';

export interface Checkpoint {
  /** Whose log it is: `<instance>/<epoch>`. */
  origin: string;
  /** How many leaves. */
  size: number;
  /** The root of RFC 9162 §2.1.1 over them, 32 bytes. */
  root: Uint8Array;
  /** Further lines, which the format leaves to the log. */
  extensions: string[];
}

export const formatCheckpoint = ({ origin, size, root, extensions }: Checkpoint): string =>
  [origin, String(size), toBase64(root), ...extensions].map((line) => `${line}\n`).join('');

const SIZE = /^(?:0|[1-9][0-9]{0,15})$/;

/** The checkpoint that the text of a note is. Errors: LedgerError `checkpoint_malformed`. */
export function parseCheckpoint(text: string): Checkpoint {
  const malformed = (what: string) => new LedgerError('checkpoint_malformed', `the checkpoint ${what}`);
  if (!text.endsWith('\n')) throw malformed('does not end its last line');
  const [origin, size, root, ...extensions] = text.slice(0, -1).split('\n');
  if (origin === undefined || origin === '') throw malformed('has no origin');
  if (size === undefined || !SIZE.test(size) || !Number.isSafeInteger(Number(size))) throw malformed('has no size');
  const bytes = root === undefined ? undefined : fromBase64(root);
  if (bytes?.length !== 32) throw malformed('has no root');
  if (extensions.includes('')) throw malformed('has an empty line');
  return { origin, size: Number(size), root: bytes, extensions };
}
