// Whoever reads a bundle's ledger again comes to the same waivers, or to the first line that is not what was written.
import type { Sha256 } from '../canonical/hash.ts';
import { fromBase64 } from '../signing/base64.ts';
import { DsseError, verifyEnvelope } from '../signing/dsse.ts';
import type { VerificationKey } from '../signing/dsse.ts';
import { operatorKeyId } from '../signing/operator-key.ts';
import { lineHash, readLine } from './line.ts';
import type { LedgerLine } from './line.ts';
import { NO_LINE, readReceipt } from './receipt.ts';
import type { Receipt, ReceiptRefusal } from './receipt.ts';
import { envelopeDigest, readWaiver, WAIVER_SCOPES, WAIVER_TYPE } from './waiver.ts';
import type { WaiverStatement } from './waiver.ts';

export type LineProblem =
  | ReceiptRefusal
  | 'line_malformed'
  | 'line_incomplete'
  | 'hash_mismatch'
  | 'chain_broken'
  | 'receipt_of_another_line'
  | 'ledger_of_another_bundle'
  | 'waiver_signature_invalid'
  | 'waiver_malformed'
  | 'waiver_repeated'
  | 'revokes_nothing';

export interface ReplayedWaiver {
  waiver_id: string;
  digest: string;
  by: string;
  role: string;
  identity: string;
  key_id: string;
  not_after: string;
  state: 'standing' | 'expired' | 'revoked';
}

export interface Replay {
  /** Lines that hold. */
  lines: number;
  /** The hash of the last of them, hex; null of an empty ledger. */
  head: string | null;
  bundle: Receipt['bundle'] | null;
  waivers: ReplayedWaiver[];
  /** The first line that is wrong, from 1; what follows it proves nothing. */
  problem: { line: number; code: LineProblem } | null;
}

/** `keys`: whose receipts count; without them each is read by the key that it names. `now`: RFC 3339. */
export interface ReplayInput {
  keys: readonly VerificationKey[] | undefined;
  now: string;
  sha256: Sha256;
}

interface State {
  head: string;
  seq: number;
  first: Receipt | undefined;
  waivers: Map<string, ReplayedWaiver>;
}

/** Reads a ledger from its first byte: every hash, signature, expiry and revocation in it. */
export function replayLedger(bytes: Uint8Array, input: ReplayInput): Replay {
  const state: State = { head: NO_LINE, seq: 0, first: undefined, waivers: new Map() };
  let code: LineProblem | null = null;
  for (let at = 0; at < bytes.length && code === null;) {
    const end = bytes.indexOf(0x0a, at);
    code = end === -1 ? 'line_incomplete' : takeLine(state, bytes.subarray(at, end), input);
    at = end + 1;
  }
  return {
    lines: state.seq,
    head: state.seq === 0 ? null : state.head,
    bundle: state.first?.bundle ?? null,
    waivers: [...state.waivers.values()],
    problem: code === null ? null : { line: state.seq + 1, code },
  };
}

function takeLine(state: State, bytes: Uint8Array, input: ReplayInput): LineProblem | null {
  const line = readLine(bytes);
  if (line === null) return 'line_malformed';
  if (lineHash(line, input.sha256) !== line.hash) return 'hash_mismatch';
  if (line.seq !== state.seq + 1 || line.prev !== state.head) return 'chain_broken';
  const read = readReceipt(line.receipt, input.keys);
  if (!read.ok) return read.code;
  const { receipt } = read;
  if (receipt.seq !== line.seq || receipt.prev !== line.prev || !namesItself(receipt, input))
    return 'receipt_of_another_line';
  if (state.first !== undefined && !isSameLedger(state.first, receipt)) return 'ledger_of_another_bundle';
  const problem =
    receipt.event === 'waived' ? takeWaiver(state, line, receipt, input) : takeRevocation(state, line, receipt);
  if (problem !== null) return problem;
  state.first ??= receipt;
  state.head = line.hash;
  state.seq += 1;
  return null;
}

/** An id is the key's own digest, so no receipt says that one key is another. */
const namesItself = ({ key, signer }: Receipt, { sha256 }: ReplayInput): boolean =>
  [key, signer].every(({ key_id, public_key }) => operatorKeyId(rawKey(public_key), sha256) === key_id);

const rawKey = (base64: string): Uint8Array => fromBase64(base64) ?? new Uint8Array();

const isSameLedger = (a: Receipt, b: Receipt): boolean =>
  a.instance === b.instance &&
  a.workspace === b.workspace &&
  a.bundle.name === b.bundle.name &&
  a.bundle.version === b.bundle.version &&
  a.bundle.digest === b.bundle.digest;

function takeWaiver(state: State, { envelope }: LedgerLine, r: Receipt, { now, sha256 }: ReplayInput) {
  if (envelope === null || envelopeDigest(envelope, sha256) !== r.waiver_digest) return 'receipt_of_another_line';
  const statement = signedBy(envelope, { key_id: r.key.key_id, public_key: rawKey(r.key.public_key) });
  if (statement === undefined) return 'waiver_signature_invalid';
  if (statement === null || !isReceiptOf(r, statement)) return 'waiver_malformed';
  if (state.waivers.has(r.waiver_id)) return 'waiver_repeated';
  const { role, identity, key_id, not_after } = statement;
  const over = Date.parse(not_after) <= Date.parse(now);
  const { waiver_id, waiver_digest: digest, by } = r;
  const standing = over ? 'expired' : 'standing';
  state.waivers.set(waiver_id, { waiver_id, digest, by, role, identity, key_id, not_after, state: standing });
  return null;
}

/** The statement that the key signed; null: it signed something else; undefined: it did not sign. */
function signedBy(envelope: unknown, key: VerificationKey): WaiverStatement | null | undefined {
  try {
    return readWaiver(verifyEnvelope(envelope, [key], WAIVER_TYPE).payload);
  } catch (error) {
    if (error instanceof DsseError) return undefined;
    throw error;
  }
}

/** What the instance says it took is what was signed, within its time and in a role that the key proves. */
const isReceiptOf = (r: Receipt, s: WaiverStatement): boolean =>
  s.instance === r.instance &&
  s.workspace === r.workspace &&
  s.bundle.name === r.bundle.name &&
  s.bundle.version === r.bundle.version &&
  s.bundle.digest === r.bundle.digest &&
  s.transition_digest === r.transition_digest &&
  s.scope === r.scope &&
  Object.hasOwn(WAIVER_SCOPES, s.scope) &&
  s.not_after === r.not_after &&
  s.key_id === r.key.key_id &&
  r.key.roles.includes(s.role) &&
  Date.parse(r.recorded_at) < Date.parse(s.not_after);

function takeRevocation(state: State, { envelope }: LedgerLine, r: Receipt): LineProblem | null {
  const waiver = state.waivers.get(r.waiver_id);
  if (envelope !== null || waiver?.digest !== r.waiver_digest || waiver.state === 'revoked') return 'revokes_nothing';
  waiver.state = 'revoked';
  return null;
}
