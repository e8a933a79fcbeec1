import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { canonicalJson } from '../../../domain/canonical/json.ts';
import { forensicKey } from '../../../domain/forensic/key.ts';
import { verdictOf } from '../../support/forensic-verdict.ts';
import { bundleOf, draftOf, KEY, leafHashOf, LOG_KEY, rehashed, textOf } from './builder.ts';
import type { Draft, Json } from './builder.ts';

const OURS = { forensicKeys: [KEY] };
const STRANGER = { ledgerKeys: [LOG_KEY] };
const OTHER = forensicKey(Buffer.from('o'.repeat(32)))!;

const found = async (bundle: Json, trust: Parameters<typeof verdictOf>[1] = OURS) =>
  (await verdictOf(textOf(bundle), trust)).problems.map(({ code, where }) => `${code} ${where}`);

/** A bundle that was altered after it was signed. */
function altered(change: (bundle: Json & Draft['payload'] & { ledger: Draft['ledger'] }) => void): Json {
  const bundle = structuredClone(bundleOf(draftOf()));
  change(bundle as never);
  return bundle;
}

/** A bundle that was altered before it was signed. */
function forged(change: (draft: Draft) => void, key = KEY): Json {
  const draft = structuredClone(draftOf());
  change(draft);
  return bundleOf(draft, {}, key);
}

describe('ForensicBundle verification', () => {
  it('S4-43 S4-40 a bundle is good for whoever has either key, in pieces of any size', async () => {
    for (const foreign of [0, 1, 2, 3, 5]) {
      const text = textOf(bundleOf(draftOf(4, foreign)));
      for (const size of [1, 7, 64, 100_000]) {
        const verdict = await verdictOf(text, OURS, size);
        expect(verdict).toMatchObject({
          problems: [],
          respelled: false,
          incidents: 4,
          audit_entries: 9,
          proven_entries: 8,
        });
        expect([verdict.signature, verdict.signature_ed25519, verdict.checkpoint]).toEqual(['good', 'good', 'good']);
      }
      const verdict = await verdictOf(text, STRANGER);
      expect(verdict).toMatchObject({
        problems: [],
        signature: 'unchecked',
        signature_ed25519: 'good',
        checkpoint: 'good',
      });
    }
  });

  it('is good without any incident or entry, under the root of a log of others', async () => {
    const draft = draftOf(1);
    Object.assign(draft.payload, { audit_entries: [], incidents: [] });
    const root = draft.ledger.checkpoint.split('\n')[2];
    draft.ledger.proofs = { first: 0, hashes: [root], size: 0 };
    expect(await found(bundleOf(draft))).toEqual([]);
    draft.ledger.proofs['hashes'] = [root, root];
    expect(await found(bundleOf(draft))).toEqual(['proofs_invalid ledger.proofs']);
  });

  it('a bundle that was formatted anew has the same values', async () => {
    const bundle = bundleOf(draftOf(3, 2));
    for (const text of [
      JSON.stringify(bundle, null, 2),
      `${textOf(bundle)}\n`,
      textOf(JSON.parse(canonicalJson(bundle)) as Json),
    ])
      expect(await verdictOf(text, OURS)).toMatchObject({ problems: [], respelled: true, signature: 'good' });
  });

  it.each<[string, Json, string[]]>([
    [
      'S4-42 a changed incident id',
      altered((b) => (b.incidents[1]!['id'] = 'INC-20260101-000000-9999')),
      [
        'incident_altered incidents[1]',
        'incident_not_recorded incidents[1]',
        'incident_missing incidents',
        'member_altered incidents[1]',
      ],
    ],
    [
      'S4-42 a changed description',
      altered((b) => (b.incidents[0]!['description'] = 'nothing happened')),
      ['incident_altered incidents[0]', 'member_altered incidents[0]'],
    ],
    [
      'an incident that was left out',
      altered((b) => b.incidents.pop()),
      ['incident_missing incidents', 'member_altered incidents[2]'],
    ],
    [
      'another version of an incident, with its own hash',
      altered((b) => (b.incidents[2] = rehashed(b.incidents[2]!, { severity: 'low' }))),
      ['incident_not_recorded incidents[2]', 'member_altered incidents[2]'],
    ],
    [
      'a changed entry',
      altered((b) => ((b.audit_entries[2]!['entry'] as Json)['actor'] = 'somebody')),
      ['entry_altered audit_entries[2]', 'member_altered audit_entries[2]', 'entries_not_in_log audit_entries'],
    ],
    [
      'an entry that was left out',
      altered((b) => b.audit_entries.splice(2, 1)),
      [
        'member_altered audit_entries[2]',
        'member_altered audit_entries[3]',
        'member_altered audit_entries[4]',
        'member_altered audit_entries[5]',
        'member_altered audit_entries[6]',
        'entries_not_in_log audit_entries',
      ],
    ],
    [
      'entries in another order',
      altered((b) => b.audit_entries.splice(0, 2, b.audit_entries[1]!, b.audit_entries[0]!)),
      [
        'proofs_invalid audit_entries[1]',
        'incident_not_recorded incidents[0]',
        'member_altered audit_entries[0]',
        'member_altered audit_entries[1]',
        'proofs_invalid ledger.proofs',
        'entries_not_in_log audit_entries',
      ],
    ],
    ['a changed digest', altered((b) => (b.policy_digest = 'b'.repeat(64))), ['member_altered policy_digest']],
    ['a changed time', altered((b) => (b.exported_at = '2026-11-22T12:00:01.000Z')), ['member_altered exported_at']],
    [
      'a changed hold',
      altered((b) => ((b.system_state['holds'] as Json[])[1]!['hold_id'] = 'c')),
      ['member_altered system_state.holds[1]'],
    ],
    [
      'a changed gate',
      altered((b) => ((b.system_state['gates'] as Json[])[0]!['open'] = true)),
      ['member_altered system_state.gates[0]'],
    ],
    [
      'another copy of the payload',
      altered((b) => (b['canonical_payload'] = Buffer.from(canonicalJson(draftOf(2).payload)).toString('base64'))),
      [
        'canonical_payload_altered canonical_payload: audit_entries[4]',
        'canonical_payload_altered canonical_payload: audit_entries[5]',
        'canonical_payload_altered canonical_payload: audit_entries[6]',
        'canonical_payload_altered canonical_payload: incidents[2]',
        'canonical_payload_altered canonical_payload: system_state.ledger',
      ],
    ],
    [
      'a copy that is none',
      altered((b) => (b['canonical_payload'] = 'e3')),
      ['canonical_payload_altered canonical_payload'],
    ],
    ['another hash', altered((b) => (b['bundle_hash'] = 'c'.repeat(64))), ['bundle_hash_altered bundle_hash']],
    ['no hash', altered((b) => (b['bundle_hash'] = 'C')), ['bundle_hash_altered bundle_hash']],
    ['S4-41 another signature', altered((b) => (b['signature'] = 'c'.repeat(64))), ['signature_invalid signature']],
    [
      'the log’s signature over something else',
      altered((b) => (b['signature_ed25519'] = bundleOf(draftOf(2))['signature_ed25519'])),
      ['signature_ed25519_invalid signature_ed25519'],
    ],
    ['another key’s name', altered((b) => (b['key_id'] = OTHER.key_id)), ['key_id_altered key_id']],
    ['another key', forged(() => undefined, OTHER), ['key_unknown key_id']],
    [
      'a checkpoint that was signed for another size',
      altered((b) => (b.ledger = draftOf(2).ledger)),
      ['proofs_invalid ledger.proofs', 'proofs_invalid ledger.proofs'],
    ],
    [
      'a checkpoint that was changed',
      altered((b) => (b.ledger.checkpoint = b.ledger.checkpoint.replace('\n6\n', '\n5\n'))),
      ['checkpoint_invalid ledger.checkpoint'],
    ],
    ['another range', altered((b) => (b.ledger.proofs['size'] = 5)), ['proofs_invalid ledger.proofs']],
    ['a member that nobody signed', altered((b) => (b['verdict'] = 'innocent')), ['member_unknown verdict']],
    ['a member that is missing', altered((b) => delete b['signature']), ['member_missing signature']],
    [
      'members in an order that cannot be hashed',
      altered((b) => {
        const { exported_at } = b;
        delete (b as Json)['exported_at'];
        b.exported_at = exported_at;
      }),
      ['member_order exported_at', 'member_altered '],
    ],
    [
      'an incident that a holder of the forensic key made up',
      forged(({ payload }) => (payload.incidents[0] = rehashed(payload.incidents[0]!, { severity: 'low' }))),
      ['incident_not_recorded incidents[0]'],
    ],
  ])('%s is found', async (_what, bundle, problems) => {
    expect(await found(bundle)).toEqual(problems);
  });

  it('finds what a holder of the forensic key did to entries, with leaf hashes that fit', async () => {
    const draft = draftOf();
    const entry = { ...(draft.payload.audit_entries[2]!['entry'] as Json), actor: 'somebody' };
    draft.payload.audit_entries[2] = { ...draft.payload.audit_entries[2], entry, leaf_hash: leafHashOf(entry) };
    const { signature_ed25519 } = bundleOf(draftOf());
    expect(await found(bundleOf(draft, { signature_ed25519 }))).toEqual([
      'signature_ed25519_invalid signature_ed25519',
      'entries_not_in_log audit_entries',
    ]);
  });

  it('finds everything replaced, and signed with another key of each kind', async () => {
    const bundle = bundleOf(draftOf(2), {}, OTHER);
    const { signature } = bundleOf(draftOf(2), {}, KEY);
    expect(await found({ ...bundle, key_id: KEY.key_id })).toEqual(['signature_invalid signature']);
    expect(await found({ ...bundleOf(draftOf(3)), signature })).toEqual(['signature_invalid signature']);
    const stolen = {
      ...bundleOf(draftOf(2)),
      bundle_hash: bundleOf(draftOf(3))['bundle_hash'],
      signature: bundleOf(draftOf(3))['signature'],
    };
    expect(await found(stolen)).toContain('member_altered ');
  });

  it('finds a copy with padding within it: the same bytes, of which there is one spelling', async () => {
    const bundle = bundleOf(draftOf());
    const bytes = Buffer.from(String(bundle['canonical_payload']), 'base64');
    const twice = bytes.subarray(0, 100).toString('base64') + bytes.subarray(100).toString('base64');
    expect(Buffer.from(bytes.subarray(0, 100).toString('base64').slice(-1)).toString()).toBe('=');
    for (const size of [1, 64, 100_000]) {
      const { problems } = await verdictOf(textOf({ ...bundle, canonical_payload: twice }), OURS, size);
      expect(problems.map((p) => p.code)).toEqual(['canonical_payload_altered']);
    }
  });

  it('finds a member that is there twice, of which readers take the first or the last', async () => {
    const text = textOf(bundleOf(draftOf()));
    const twice = text.replace('"description":', '"description":"harmless","description":');
    for (const bundle of [twice, text.replace('"exported_at":', '"exported_at":"2020","exported_at":')])
      expect((await verdictOf(bundle, OURS)).problems.map((p) => p.code)).toEqual(['malformed']);
  });

  it('S4-43 a stream that was cut is never whole, wherever it was cut', async () => {
    const bytes = Buffer.from(textOf(bundleOf(draftOf(1))));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length - 1 }), async (length) => {
        const { problems, signature } = await verdictOf(bytes.subarray(0, length), OURS);
        expect(problems.map((p) => p.code)).toEqual(['cut_short']);
        expect(signature).toBe('unchecked');
      }),
      { numRuns: 300 },
    );
  });
});
