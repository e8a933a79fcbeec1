import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../domain/canonical/json.ts';
import { parseLeaf, pinsRecord, recordHash } from '../../../domain/ledger/entry.ts';
import type { LedgerLeaf } from '../../../domain/ledger/entry.ts';
import { LedgerError } from '../../../domain/ledger/error.ts';
import { sha256 } from './naive-tree.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const codeOf = (bytes: Uint8Array): string => {
  try {
    parseLeaf(bytes);
  } catch (error) {
    if (error instanceof LedgerError) return error.code;
    throw error;
  }
  return 'accepted';
};

const LEAF: LedgerLeaf = {
  workspace_id: 'default',
  at: '2026-01-02T03:04:05.678Z',
  actor: 'operator',
  on_behalf_of: 'ü@example.com',
  action: 'incident_acknowledged',
  object: 'incident/INC-1',
  record_hash: 'ab'.repeat(32),
  record_version: 2,
  detail: { binding: 'cd'.repeat(32), holds: [{ gate: 'vault', target: '*' }] },
  policy_digest: null,
};
const text = canonicalJson(LEAF);

describe('a leaf', () => {
  it('is read as it was written', () => {
    expect(parseLeaf(utf8(text))).toStrictEqual(LEAF);
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string().filter((k) => k !== '__proto__'),
          fc.jsonValue(),
        ),
        (detail) => {
          const leaf = { ...LEAF, detail: JSON.parse(JSON.stringify(detail)) as Record<string, unknown> };
          fc.pre(canonicalJson(leaf).length < 8000);
          expect(parseLeaf(utf8(canonicalJson(leaf)))).toStrictEqual(leaf);
        },
      ),
    );
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['no JSON', text.slice(0, -1)],
    ['a space', text.replace(',', ', ')],
    ['a line end', `${text}\n`],
    ['a second value', `${text}${text}`],
    ['another order of keys', text.replace(/^{("action":[^,]*),("actor":[^,]*)/, '{$2,$1')],
    ['a repeated key', text.replace('{', '{"action":"incident_acknowledged",')],
    ['an escape that needs none', text.replace('operator', '\\u006fperator')],
    ['another spelling of a number', text.replace('"record_version":2', '"record_version":2.0')],
    ['a number that no double holds', text.replace('"record_version":2', '"record_version":1e400')],
    ['a lone surrogate', text.replace('operator', '\\ud800')],
    ['a byte order mark', `\ufeff${text}`],
    ['a list', '[]'],
    ['null', 'null'],
  ])('is refused with %s', (_, bad) => expect(codeOf(utf8(bad))).toBe('leaf_malformed'));

  it.each<[string, object]>([
    ['an unknown field', { more: 1 }],
    ['a missing field', { detail: undefined }],
    ['no workspace', { workspace_id: '' }],
    ['a time that is none', { at: 'yesterday' }],
    ['a time with an offset', { at: '2026-01-02T03:04:05+01:00' }],
    ['no actor', { actor: '' }],
    ['another kind of digest', { record_hash: 'AB'.repeat(32) }],
    ['a short digest', { policy_digest: 'ab' }],
    ['half a version', { record_version: 1.5 }],
    ['a negative version', { record_version: -1 }],
    ['a detail that is no object', { detail: [] }],
  ])('is refused with %s', (_, change) => {
    const changed = JSON.parse(JSON.stringify({ ...LEAF, ...change })) as unknown;
    expect(codeOf(utf8(canonicalJson(changed)))).toBe('leaf_malformed');
  });

  it('is refused when it is no UTF-8 or longer than 8 KiB', () => {
    expect(codeOf(Uint8Array.of(...utf8(text), 0xff))).toBe('leaf_malformed');
    const padded = (length: number) => {
      const leaf = { ...LEAF, detail: { pad: '' } };
      return utf8(canonicalJson({ ...leaf, detail: { pad: 'x'.repeat(length - utf8(canonicalJson(leaf)).length) } }));
    };
    expect(codeOf(padded(8192))).toBe('accepted');
    expect(codeOf(padded(8193))).toBe('leaf_malformed');
  });
});

describe('a record', () => {
  const record = { id: 'INC-1', severity: 'high', marks: ['a'] };

  it('is pinned by the hash of its content alone', () => {
    const leaf = { record_hash: recordHash(record, sha256) };
    // printf '{"id":"INC-1","marks":["a"],"severity":"high"}' | sha256sum
    expect(leaf.record_hash).toBe('d7e0da4ccd38b9513e48c3059017f40619675c060c94a928aefb96935523f7db');
    expect(pinsRecord(leaf, { ...record, hash: leaf.record_hash, ledger_index: 7 }, sha256)).toBe(true);
    expect(pinsRecord(leaf, { ...record, severity: 'low' }, sha256)).toBe(false);
    expect(pinsRecord(leaf, { ...record, more: null }, sha256)).toBe(false);
  });

  it('is not pinned by an entry without a hash', () => {
    expect(pinsRecord({ record_hash: null }, record, sha256)).toBe(false);
  });
});
