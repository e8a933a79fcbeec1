// An anchor counts when the node's key quoted this checkpoint, the counter moved on by one, and the log says the same of it.
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { anchorCounterClaims, anchorEvidenceSchema, anchorQuoteClaims } from '../attestation/anchor-quote.ts';
import type { AnchorEvidence } from '../attestation/anchor-quote.ts';
import type { EnrolledKey } from '../attestation/key-claims.ts';
import { toHex } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import { fromBase64 } from '../signing/base64.ts';
import { counterIsAhead, successor } from './anchor.ts';
import { parseCheckpoint } from './checkpoint.ts';
import type { LedgerLeaf } from './entry.ts';
import { LedgerError } from './error.ts';
import { parseNote } from './note.ts';
import type { AnchorLine, NodeLine, RecordsHead } from './records-file.ts';
import type { ExpectedRoot } from './verify.ts';

/**
 * - `anchor_malformed`: an anchor is out of its order, or its note is no checkpoint of this log at this size;
 * - `anchor_forged`: the evidence does not hold: another checkpoint was quoted, or another key has signed;
 * - `anchor_counter`: the counter went back, or moved otherwise than by one;
 * - `anchor_unrecorded`: the log does not say the same of it, `at` the entry if there is one;
 * - `anchor_missing`: an entry (`at`) is about an anchor that is not there.
 */
export type AnchorFindingCode =
  'anchor_malformed' | 'anchor_forged' | 'anchor_counter' | 'anchor_unrecorded' | 'anchor_missing';

export interface AnchorFinding {
  code: AnchorFindingCode;
  at: number | null;
  detail: string;
}

/** What the log has yet to say of an anchor. */
interface Awaited {
  ak_name: string;
  intended: string | null;
  completed: string | null;
  /** The key whose quote holds: it counts when the log says that it was enrolled. */
  provenBy: string | null;
}

const said = (detail: Record<string, unknown>): string =>
  JSON.stringify(['anchor_id', 'size', 'counter', 'node', 'evidence_digest'].map((name) => detail[name]));

/**
 * Takes each anchor before the leaves behind its size, and every leaf about anchors. Memory: what the log has not said yet,
 * and a counter for each key.
 */
export class AnchorCheck {
  anchors = 0;
  verified = 0;
  /** Completed ones whose evidence cannot be judged from what is here: the key that quoted is not in it, or was never enrolled. */
  unknown = 0;
  readonly #head: RecordsHead;
  readonly #sha256: Sha256;
  readonly #report: (finding: AnchorFinding) => void;
  readonly #nodes = new Map<string, NodeLine>();
  readonly #counters = new Map<string, string>();
  readonly #awaited = new Map<number, Awaited>();
  /** Names of the keys that entries say were enrolled. */
  readonly #enrolled = new Set<string>();
  #last: { anchor_id: number; size: number } | undefined;

  constructor(head: RecordsHead, sha256: Sha256, report: (finding: AnchorFinding) => void) {
    this.#head = head;
    this.#sha256 = sha256;
    this.#report = report;
  }

  node(line: NodeLine): void {
    this.#nodes.set(line.ak_name, line);
  }

  /** The root that the log has to have at the anchor's size; null where the anchor says none. */
  anchor(line: AnchorLine): ExpectedRoot | null {
    this.anchors += 1;
    const where = `anchor ${line.anchor_id}`;
    const last = this.#last;
    const root = fromBase64(line.root);
    if (root?.length !== 32 || !this.#isCheckpoint(line, root) || (last !== undefined && !isBehind(line, last))) {
      this.#report({
        code: 'anchor_malformed',
        at: null,
        detail: `${where} is no checkpoint of this log in its order`,
      });
      return null;
    }
    this.#last = line;
    const { anchor_id, size, node, counter_before } = line;
    const base = { anchor_id, size, node };
    const evidence_digest = line.evidence === null ? '' : toHex(this.#sha256(utf8ToBytes(line.evidence)));
    this.#count(line, where);
    this.#awaited.set(anchor_id, {
      ak_name: line.ak_name,
      provenBy: line.completed ? this.#judge(line, where) : null,
      intended: said({ ...base, counter: counter_before }),
      completed: line.completed ? said({ ...base, counter: line.counter_value, evidence_digest }) : null,
    });
    return { size, root, from: 'anchor' };
  }

  #isCheckpoint({ note, size }: AnchorLine, root: Uint8Array): boolean {
    try {
      const checkpoint = parseCheckpoint(parseNote(note).text);
      const same = checkpoint.root.every((byte, i) => byte === root[i]);
      return checkpoint.origin === this.#head.origin && checkpoint.size === size && same;
    } catch (error) {
      if (error instanceof LedgerError) return false;
      throw error;
    }
  }

  #count({ node, ak_name, counter_before, counter_value, completed }: AnchorLine, where: string): void {
    const key = `${node} ${ak_name}`;
    const before = this.#counters.get(key);
    if (before !== undefined && counterIsAhead(before, counter_before))
      this.#report({ code: 'anchor_counter', at: null, detail: `${where} begins at a counter before the last one` });
    if (completed && counter_value !== successor(counter_before))
      this.#report({ code: 'anchor_counter', at: null, detail: `${where} moved the counter otherwise than by one` });
    this.#counters.set(key, completed && counter_value !== null ? counter_value : counter_before);
  }

  #judge({ node, ak_name, note, evidence, counter_value }: AnchorLine, where: string): string | null {
    const key = this.#nodes.get(ak_name);
    if (key?.node !== node) {
      this.unknown += 1;
      return null;
    }
    const parsed = anchorEvidenceSchema.safeParse(evidence === null ? null : jsonOf(evidence));
    const digest = toHex(this.#sha256(utf8ToBytes(note)));
    // It was enrolled when it quoted; that it was retired since takes nothing back.
    const expected = { node: { ...key, state: 'enrolled' } as const, digest };
    if (parsed.success && parsed.data.counter === counter_value && this.#holds(parsed.data, expected))
      return nodeKey(node, ak_name);
    this.#report({ code: 'anchor_forged', at: null, detail: `the evidence of ${where} is not of its checkpoint` });
    return null;
  }

  #holds({ counter, quote, certified }: AnchorEvidence, expected: { node: EnrolledKey; digest: string }): boolean {
    if (quote === null || certified === null) return false;
    const claims = anchorQuoteClaims(quote, expected, this.#sha256);
    // Older anchors have the attester's word for the counter alone; which ones do is in the digest that the log holds.
    if (certified !== undefined) claims.push(...anchorCounterClaims(certified, { ...expected, counter }, this.#sha256));
    return claims.every(({ ok }) => ok);
  }

  entry(index: number, { workspace_id, action, object, detail }: LedgerLeaf): void {
    if (workspace_id !== 'system') return;
    if (action === 'node_enrolled')
      this.#enrolled.add(nodeKey(object.slice('node/'.length), String(detail['ak_name'])));
    if (object !== `log/${this.#head.origin}` || (action !== 'anchor_intended' && action !== 'anchor_completed'))
      return;
    const id = Number(detail['anchor_id']);
    const awaited = this.#awaited.get(id);
    const stage = action === 'anchor_intended' ? 'intended' : 'completed';
    // Entries of older logs do not name the key.
    const sameKey = detail['ak_name'] === undefined || detail['ak_name'] === awaited?.ak_name;
    if (awaited?.[stage] === said(detail) && sameKey) {
      awaited[stage] = null;
      if (stage === 'completed') this.#settle(awaited.provenBy);
      if (stage === 'completed' && awaited.intended === null) this.#awaited.delete(id);
    } else if (awaited !== undefined && awaited[stage] !== null) {
      awaited[stage] = null;
      this.#report({ code: 'anchor_unrecorded', at: index, detail: `the entry says otherwise of anchor ${id}` });
    } else if (index < this.#head.from)
      this.#report({ code: 'anchor_missing', at: index, detail: `the entry is about anchor ${id}, which is not so` });
  }

  #settle(provenBy: string | null): void {
    if (provenBy === null) return;
    if (this.#enrolled.has(provenBy)) this.verified += 1;
    else this.unknown += 1;
  }

  /** After the last leaf. */
  end(): void {
    for (const [id, { intended, completed }] of this.#awaited)
      if (intended !== null || completed !== null)
        this.#report({ code: 'anchor_unrecorded', at: null, detail: `the log does not say the same of anchor ${id}` });
  }
}

const nodeKey = (node: string, ak_name: string): string => JSON.stringify([node, ak_name]);

const isBehind = (line: AnchorLine, last: { anchor_id: number; size: number }): boolean =>
  line.anchor_id > last.anchor_id && line.size >= last.size;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
