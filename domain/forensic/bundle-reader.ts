// A bundle is exactly its members, each of its form; what is not foreseen in it is something that nobody signed.
import { CanonicalError } from '../canonical/error.ts';
import { canonicalJson } from '../canonical/json.ts';
import { StrictJsonError } from '../json/error.ts';
import { jsonPath } from '../json/path.ts';
import { parseStrictJson } from '../json/strict-json.ts';
import { Utf8Stream } from '../json/utf8-stream.ts';
import { JsonWalker, JsonWalkError } from '../json/walk.ts';
import type { Path, WalkHandler } from '../json/walk.ts';
import { BUNDLE_MEMBERS, isPayloadMember, walksPayload } from './bundle.ts';
import type { ForensicCrypto } from './crypto.ts';
import { LogCheck } from './log-check.ts';
import type { LedgerMember } from './log-check.ts';
import { PayloadCopy } from './payload-copy.ts';
import { PayloadReader } from './payload-reader.ts';
import type { ProblemList } from './problem.ts';
import { RecordCheck } from './record-check.ts';

const TEXTS = ['key_id', 'bundle_hash', 'signature', 'signature_ed25519'] as const;
type Text = (typeof TEXTS)[number] | 'exported_at';
const isText = (name: unknown): name is (typeof TEXTS)[number] => TEXTS.includes(name as (typeof TEXTS)[number]);
const MALFORMED = [JsonWalkError, StrictJsonError, CanonicalError];
const LEDGER = ['ledger', 'ledger.proofs', 'ledger.proofs.hashes'];

/** Reads a bundle in chunks; what it finds on the way are problems, what it keeps is for the verdict. */
export class BundleReader {
  readonly crypto: ForensicCrypto;
  readonly records: RecordCheck;
  readonly log: LogCheck;
  readonly payload: PayloadReader;
  readonly copy: PayloadCopy;
  readonly texts: Partial<Record<Text, string>> = {};
  readonly ledger: LedgerMember = { hashes: [] };
  verifierKey: string | undefined;
  /** Whether everything is there that a verdict needs. */
  complete = false;
  readonly #problems: ProblemList;
  readonly #utf8 = new Utf8Stream();
  readonly #walker: JsonWalker;
  readonly #members: string[] = [];
  #respelled = false;
  #readable = true;

  constructor(crypto: ForensicCrypto, problems: ProblemList) {
    this.crypto = crypto;
    this.#problems = problems;
    this.records = new RecordCheck(crypto.sha256, problems);
    this.log = new LogCheck(crypto, problems);
    this.copy = new PayloadCopy(crypto);
    this.payload = new PayloadReader(crypto, {
      value: (path, value) => this.#payloadValue(path, value),
      misplaced: (path) => problems.add('member_order', jsonPath(path), 'stands behind a member that comes after it'),
    });
    this.#walker = new JsonWalker(this.#handler());
  }

  get respelled(): boolean {
    return this.#respelled || this.#walker.respelled || this.payload.respelled;
  }

  /** False once the rest cannot be read any more. */
  push(chunk: Uint8Array): boolean {
    if (this.#readable) this.#read(chunk);
    return this.#readable;
  }

  end(): void {
    if (!this.#readable) return;
    if (!this.#walker.complete || !this.#utf8.complete)
      return this.#problems.add(
        'cut_short',
        jsonPath(this.#walker.path),
        'the bundle ends here, before its signatures',
      );
    const missing = BUNDLE_MEMBERS.filter((name) => !this.#members.includes(name));
    for (const name of missing) this.#problems.add('member_missing', name, 'is not there');
    if (BUNDLE_MEMBERS.some((name, i) => this.#members[i] !== name)) this.#respelled = true;
    this.records.end();
    this.complete = missing.length === 0;
  }

  #read(chunk: Uint8Array): void {
    try {
      const { text, broken } = this.#utf8.push(chunk);
      this.#walker.push(text);
      if (broken) this.#unreadable('there is no UTF-8 behind here');
    } catch (error) {
      if (!(MALFORMED.some((kind) => error instanceof kind) && error instanceof Error)) throw error;
      this.#unreadable(error.message);
    }
  }

  #unreadable(why: string): void {
    this.#readable = false;
    const { path } = this.#walker;
    // What stands between two members, or is the name of none, belongs to the one before it.
    const where = isMember(path[0]) ? jsonPath(path) : (this.#members.at(-1) ?? jsonPath(path));
    this.#problems.add('malformed', where, why);
  }

  #handler(): WalkHandler {
    return {
      walks: (path, kind) => {
        if (path.length === 0 || isPayloadMember(path[0])) return walksPayload(path, kind);
        return LEDGER.includes(path.join('.')) && (path.length < 3 ? 'object' : 'array') === kind;
      },
      streams: (path) => path.length === 1 && path[0] === 'canonical_payload',
      enter: (path, kind) => {
        if (path.length === 1) this.#members.push(String(path[0]));
        if (isPayloadMember(path[0])) this.payload.enter(path, kind);
      },
      leave: (path, kind) => {
        if (isPayloadMember(path[0])) this.payload.leave(kind);
      },
      value: (path, text) => {
        if (path.length === 1) this.#members.push(String(path[0]));
        if (isPayloadMember(path[0])) this.payload.value(path, text);
        else this.#otherValue(path, text);
      },
      piece: (_path, text) => {
        if (!this.#members.includes('canonical_payload')) this.#members.push('canonical_payload');
        this.copy.push(text);
      },
    };
  }

  #otherValue(path: Path, text: string): void {
    const value = parseStrictJson(text);
    if (canonicalJson(value) !== text) this.#respelled = true;
    const [name] = path;
    const where = jsonPath(path);
    if (name === 'ledger' && path.length > 1) this.#ledgerValue(path, value);
    else if (!isText(name))
      this.#problems.add(isMember(name) ? 'malformed' : 'member_unknown', where, 'is nothing that a bundle has');
    else if (typeof value !== 'string') this.#problems.add('malformed', where, 'is no text');
    else this.texts[name] = value;
  }

  #ledgerValue(path: Path, value: unknown): void {
    const [, name, part, index] = path;
    if (name === 'checkpoint') this.ledger.checkpoint = value;
    else if (name === 'proofs' && (part === 'first' || part === 'size')) this.ledger[part] = value;
    else if (name === 'proofs' && part === 'hashes' && index !== undefined) this.ledger.hashes.push(value);
    else this.#problems.add('member_unknown', jsonPath(path), 'is nothing that a bundle has');
  }

  #payloadValue(path: Path, value: unknown): void {
    const [member, name] = path;
    const where = jsonPath(path);
    if (member === 'audit_entries' && path.length === 2) {
      const entry = this.log.entry(where, value);
      if (entry !== undefined) this.records.entry(entry);
    } else if (member === 'incidents' && path.length === 2) this.records.incident(where, value);
    else if (member === 'exported_at' && typeof value === 'string') this.texts.exported_at = value;
    else if (member === 'system_state' && path.length > 1) this.#systemState(name, value);
    else if (member !== 'policy_digest')
      this.#problems.add('malformed', where, 'is not of the form it has in a bundle');
  }

  #systemState(name: unknown, value: unknown): void {
    if (name !== 'ledger' || typeof value !== 'object' || value === null) return;
    const { verifier_key } = value as Record<string, unknown>;
    if (typeof verifier_key === 'string') this.verifierKey = verifier_key;
  }
}

const isMember = (name: unknown): boolean => BUNDLE_MEMBERS.includes(name as (typeof BUNDLE_MEMBERS)[number]);
