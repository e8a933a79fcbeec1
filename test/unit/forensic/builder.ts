import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { canonicalJson } from '../../../domain/canonical/json.ts';
import { hashCanonical } from '../../../domain/canonical/hash.ts';
import { forensicKey } from '../../../domain/forensic/key.ts';
import { formatCheckpoint } from '../../../domain/ledger/checkpoint.ts';
import { formatNoteKey, noteKey, signNote } from '../../../domain/ledger/note.ts';
import { RightEdge } from '../../../domain/ledger/right-edge.ts';
import { gapsOf } from '../../../domain/ledger/partial-tree.ts';
import { incidentView } from '../../../domain/incident/record.ts';
import { incidentOf } from '../../support/incidents.ts';

export type Json = Record<string, unknown>;

export const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const leafHash = (leaf: string): Uint8Array => sha256(Buffer.from(`\0${leaf}`));

export const leafHashOf = (entry: Json): string => base64(leafHash(canonicalJson(entry)));

/** Naively, word for word: RFC 9162 §2.1.1. */
export function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha256(Buffer.concat([Buffer.of(1), rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k))]));
}

const logKeys = generateKeyPairSync('ed25519');
const rawKey = logKeys.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
export const signByLog = (message: Uint8Array): Uint8Array => sign(null, message, logKeys.privateKey);
export const LOG_KEY = noteKey('test/1', new Uint8Array(rawKey), sha256);
export const KEY = forensicKey(Buffer.from('k'.repeat(40)))!;

/** What a bundle is made of, before it is hashed. */
export interface Draft {
  payload: { audit_entries: Json[]; exported_at: string; incidents: Json[]; policy_digest: string; system_state: Json };
  ledger: { checkpoint: string; proofs: Json };
}

const entryOf = (object: string, record_hash: string | null, n: number, workspace_id = 'default'): Json => ({
  workspace_id,
  at: '2026-11-21T12:00:00.000Z',
  actor: 'local-operator',
  on_behalf_of: null,
  action: 'reported',
  object,
  record_hash,
  record_version: n,
  detail: { n, text: 'a\u000fb – "c"' },
  policy_digest: null,
});

/** A draft of `count` incidents with two entries each; before every `foreign`-th stands one of another workspace. */
export function draftOf(count = 3, foreign = 0): Draft {
  const incidents = Array.from({ length: count }, (_, i) =>
    incidentView(incidentOf('prompt_injection', { number: i + 1, report: { description: `no ${i} – \u000f "é"` } })),
  );
  const entries = incidents.flatMap((incident, i) => [
    entryOf(`incident/${String(incident['id'])}`, 'f'.repeat(64), 2 * i),
    entryOf(`incident/${String(incident['id'])}`, String(incident['hash']), 2 * i + 1),
  ]);
  const log = entries.flatMap((entry, i) =>
    foreign > 0 && i % foreign === 0 ? [entryOf('x', null, i, 'other'), entry] : [entry],
  );
  const hashes = log.map((entry) => leafHash(canonicalJson(entry)));
  const own = log.flatMap((entry, index) => (entry['workspace_id'] === 'default' ? [index] : []));
  const edge = new RightEdge(sha256);
  edge.append(hashes);
  const note = formatCheckpoint({ origin: LOG_KEY.name, size: log.length, root: edge.root(), extensions: [] });
  const runs = own.flatMap((index) => [index, index + 1]).filter((n, i, all) => all[i - 1] !== n && all[i + 1] !== n);
  const gaps = [...gapsOf(runs, log.length)].map(({ from, to }) => base64(rootOf(hashes.slice(from, to))));
  const first = own[0] ?? 0;
  return {
    payload: {
      audit_entries: [
        ...own.map((index) => ({ entry: log[index], id: `1-${index}`, index, leaf_hash: base64(hashes[index]!) })),
        ...[entryOf('test/since', null, 0)].map((entry) => ({
          entry,
          leaf_hash: base64(leafHash(canonicalJson(entry))),
        })),
      ],
      exported_at: '2026-11-21T12:00:01.000Z',
      incidents,
      policy_digest: 'a'.repeat(64),
      system_state: {
        ceremonies: [{ kind: 'acknowledgement', incident_id: 'INC-1', operator: 'me@org' }],
        gates: [{ gate: 'agent', open: false, hold_count: 1 }],
        holds: [{ hold_id: 'a' }, { hold_id: 'b' }],
        ledger: { epoch: 1, origin: LOG_KEY.name, verifier_key: formatNoteKey(LOG_KEY), size: log.length },
      },
    },
    ledger: {
      checkpoint: signNote(note, LOG_KEY, signByLog),
      proofs: { first, ...(gaps.length > 0 ? { hashes: gaps } : {}), size: (own.at(-1) ?? -1) + 1 - first },
    },
  };
}

/** The bundle of a draft as a value, signed; with `over` members are replaced afterwards. */
export function bundleOf({ payload, ledger }: Draft, over: Json = {}, key = KEY): Json {
  const canonical = Buffer.from(canonicalJson(payload));
  const hash = sha256(canonical);
  return {
    ...payload,
    canonical_payload: canonical.toString('base64'),
    key_id: key.key_id,
    ledger,
    bundle_hash: Buffer.from(hash).toString('hex'),
    signature: createHmac('sha256', key.key).update(hash).digest('hex'),
    signature_ed25519: base64(signByLog(hash)),
    ...over,
  };
}

/** As the server writes it: canonical values, members in their order. */
export const textOf = (bundle: Json): string =>
  `{${Object.entries(bundle)
    .map(([name, value]) => `${canonicalJson(name)}:${canonicalJson(value)}`)
    .join(',')}}`;

/** An incident whose hash fits it. */
export function rehashed(incident: Json, over: Json): Json {
  const record = Object.fromEntries(Object.entries({ ...incident, ...over }).filter(([name]) => name !== 'hash'));
  return { ...record, hash: hashCanonical(record, sha256) };
}
