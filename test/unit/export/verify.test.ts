import { describe, expect, it } from 'vitest';
import { noteKey } from '../../../domain/ledger/note.ts';
import { sha256 } from '../ledger/naive-tree.ts';
import type { ArchiveContent } from '../../../domain/export/archive.ts';
import { exportKeysText } from '../../../domain/export/provenance-key.ts';
import { memberHeader } from '../../../domain/export/pax.ts';
import { paddingOf } from '../../../domain/evidence/tar.ts';
import {
  APPROVERS,
  bytesOf,
  exportOf,
  FILES,
  KEYS,
  LOG_KEY,
  NO_TRUST,
  PROVENANCE,
  signerOf,
  TRUST,
  verdictOf,
} from './builder.ts';
import type { Variation } from './builder.ts';

const codesOf = async (vary: Variation, trust = TRUST) =>
  (await verdictOf((await exportOf(vary)).bytes, trust)).problems.map(({ code }) => code);

describe('an export', () => {
  it('is verified by the key of the instance, by its id, and by the key of its log', async () => {
    const { bytes } = await exportOf();
    const by = (trust: Partial<typeof TRUST>) => verdictOf(bytes, { ...NO_TRUST, ...trust });
    expect(await by(TRUST)).toMatchObject({
      problems: [],
      trusted_by: 'key',
      good_files: 4,
      signed_by: [PROVENANCE.key_id],
    });
    expect(await by({ provenance_ids: [PROVENANCE.key_id] })).toMatchObject({ problems: [], trusted_by: 'key' });
    expect(await by({ log: [LOG_KEY] })).toMatchObject({ problems: [], trusted_by: 'log' });
    expect(await by({})).toMatchObject({ problems: [], trusted_by: 'none' });
    expect((await verdictOf(bytes, TRUST, 1)).problems).toEqual([]);
  });

  it('of a stranger is not verified by a key that is not the stranger’s', async () => {
    const { bytes } = await exportOf();
    const other = { provenance: [signerOf(9)], provenance_ids: [], log: [] };
    expect(await verdictOf(bytes, other)).toMatchObject({ trusted_by: 'none', problems: [{ code: 'key_untrusted' }] });
    const id = { provenance: [], provenance_ids: [signerOf(9).key_id], log: [] };
    expect(await verdictOf(bytes, id)).toMatchObject({ trusted_by: 'none', problems: [{ code: 'key_untrusted' }] });
  });

  it('names every approval, each proven by an entry that says the same', async () => {
    const { bytes } = await exportOf();
    const { statement, proven_entries } = await verdictOf(bytes);
    expect(statement?.predicate.grant.approvals).toMatchObject(APPROVERS);
    expect(proven_entries).toBeGreaterThanOrEqual(3);
  });

  it('is not verified where an approval is unproven, or says something else than its entry', async () => {
    const with_ = (change: object) => ({
      grant: (approvals: { actor: string; role: string; at: string; entry: string }[]) => ({
        kind: 'approval' as const,
        approvals: approvals.map((approval, i) => (i === 0 ? { ...approval, ...change } : approval)),
      }),
    });
    expect(await codesOf(with_({ entry: 'a'.repeat(64) }))).toEqual(['approval_unproven']);
    expect(await codesOf(with_({ actor: 'eve@example.org' }))).toEqual(['approval_differs']);
    expect(await codesOf(with_({ at: '2026-03-02T10:00:09.000Z' }))).toEqual(['approval_differs']);
    expect(await codesOf(with_({ role: 'security_owner' }))).toEqual(['approval_differs', 'quorum_unmet']);
  });

  it('is not verified without its quorum, by the requester, or by one person twice', async () => {
    const [safety, security] = APPROVERS as [(typeof APPROVERS)[0], (typeof APPROVERS)[0]];
    expect(await codesOf({ approvers: [safety] })).toEqual(['quorum_unmet']);
    expect(await codesOf({ approvers: [safety, { ...security, actor: 'rita@example.org' }] })).toEqual([
      'self_approval',
    ]);
    expect(await codesOf({ approvers: [safety, { ...security, actor: safety.actor }] })).toEqual(['approval_repeated']);
  });

  it('by a waiver or an override is verified by the entries of these', async () => {
    const digest = '5'.repeat(64);
    const waived: Variation = {
      approvers: [],
      grant: () => ({ kind: 'waiver', waiver_id: 'W-1', digest, approvals: [] }),
    };
    const waiver = { actor: 'sue@example.org', action: 'waiver_granted', object: 'waiver/W-1' };
    expect(await codesOf({ ...waived, said: [{ ...waiver, record_hash: digest }] })).toEqual([]);
    expect(await codesOf({ ...waived, said: [{ ...waiver, record_hash: '6'.repeat(64) }] })).toEqual([
      'grant_unproven',
    ]);
    const override = { kind: 'override' as const, override_id: 'O-1', ticket: 'T-9' };
    const spent = { actor: 'export-approval', action: 'override_spent', object: 'override/O-1' };
    const detail = { ticket: 'T-9', export_id: 'EXP-20260301-0a0b0c0d' };
    const said = [{ ...spent, detail }];
    const approved: Variation = {
      grant: (approvals) => ({ ...override, basis: { kind: 'approval' }, approvals }),
      said,
    };
    expect(await codesOf(approved)).toEqual([]);
    const other = { ...detail, export_id: 'EXP-20260301-00000000' };
    expect(await codesOf({ ...approved, said: [{ ...spent, detail: other }] })).toEqual(['grant_unproven']);
    // An override never stands for an approval.
    expect(await codesOf({ ...approved, approvers: [] })).toEqual(['quorum_unmet', 'quorum_unmet']);
    const both: Variation = {
      approvers: [],
      grant: () => ({ ...override, basis: { kind: 'waiver', waiver_id: 'W-1', digest }, approvals: [] }),
    };
    expect(await codesOf({ ...both, said: [...said, { ...waiver, record_hash: digest }] })).toEqual([]);
    const not = { ...waiver, record_hash: digest, action: 'waiver_revoked' };
    expect(await codesOf({ ...both, said: [...said, not] })).toEqual(['grant_unproven']);
  });

  it('is not verified where an entry is not in the log, or the log is another', async () => {
    const altered = (change: (entry: { leaf: string; proof: string[] }, i: number) => object): Variation => ({
      log: (log) => ({ ...log, entries: log.entries.map((entry, i) => ({ ...entry, ...change(entry, i) })) }),
    });
    const other = Buffer.alloc(32, 9).toString('base64');
    const wrong = await codesOf(altered(({ proof }, i) => (i === 0 ? { proof: [other, ...proof.slice(1)] } : {})));
    expect(wrong).toEqual(['proof_wrong', 'approval_unproven']);
    const forged = ({ leaf }: { leaf: string }) => ({ leaf: leaf.replace('sam@example.org', 'eve@example.org') });
    expect(await codesOf(altered(forged))).toEqual(['proof_wrong', 'approval_unproven']);
    const unsigned: Variation = { log: (log) => ({ ...log, checkpoint: log.checkpoint.replace(/^4$/m, '5') }) };
    expect(await codesOf(unsigned)).toEqual(['checkpoint_wrong']);
    const elsewhere: Variation = { log: (log) => ({ ...log, origin: 'interlock.test/2' }) };
    expect(await codesOf(elsewhere)).toEqual(['checkpoint_wrong']);
    const stranger = noteKey('interlock.test/1', signerOf(9).public_key, sha256);
    expect(await codesOf({}, { ...TRUST, log: [stranger] })).toEqual(['checkpoint_wrong']);
    // A forger makes a log of their own; whoever knows the instance's is not taken in.
    const { trusted_by } = await verdictOf((await exportOf()).bytes, { ...NO_TRUST, log: [stranger] });
    expect(trusted_by).toBe('none');
  });

  it('by its log alone is verified only where the log says that it was let through', async () => {
    const held: Variation = {
      log: (log) => ({
        ...log,
        // Enough for whoever seals, who reads the record; not for who reads the archive.
        entries: log.entries.map((entry) =>
          entry.leaf.includes('export_begin') ? { ...entry, leaf: entry.leaf.replace('exporting', 'blocked') } : entry,
        ),
      }),
    };
    const { problems, trusted_by } = await verdictOf((await exportOf(held)).bytes, { ...NO_TRUST, log: [LOG_KEY] });
    expect(problems.map(({ code }) => code)).toEqual(['proof_wrong', 'bundle_unproven']);
    expect(trusted_by).toBe('none');
  });

  it('in mode enforce is not let through by advice', async () => {
    const advised: Variation = {
      approvers: [],
      grant: () => ({ kind: 'advisory', would_block: ['approval_missing'], approvals: [] }),
    };
    expect(await codesOf({ ...advised, mode: 'advisory' })).toEqual([]);
    expect(await codesOf(advised)).toEqual(['grant_refused']);
  });
});

/** A member with its header and what fills its last block. */
const memberOf = (index: number, path: string, content: Uint8Array): Buffer =>
  Buffer.concat([
    memberHeader(index, path, content.length, 1_772_366_400),
    content,
    new Uint8Array(paddingOf(content.length)),
  ]);

describe('the archive of an export', () => {
  const paths = ['LICENSE', ...FILES.keys()].sort().map((path) => `bundle/${path}`);
  const contentOf = (path: string) =>
    path === 'bundle/LICENSE' ? Buffer.from('as is\n') : (FILES.get(path.slice('bundle/'.length)) as Uint8Array);
  const members = paths.map((path, i) => memberOf(3 + i, path, contentOf(path)));

  async function withMembers(list: Uint8Array[]): Promise<{ bytes: Buffer; head: number }> {
    const { bytes } = await exportOf();
    const head = bytes.length - 1024 - Buffer.concat(members).length;
    expect(bytes.equals(Buffer.concat([bytes.subarray(0, head), ...members, new Uint8Array(1024)]))).toBe(true);
    return { bytes: Buffer.concat([bytes.subarray(0, head), ...list, new Uint8Array(1024)]), head };
  }

  it('says which file is missing, and where another stands', async () => {
    const { bytes, head } = await withMembers(members.slice(1));
    const { problems } = await verdictOf(bytes);
    expect(problems).toMatchObject([
      { code: 'member_unexpected', member: paths[1], at: head },
      { code: 'member_missing', member: paths[0] },
    ]);
  });

  it('says which file stands twice or in another place', async () => {
    const twice = await withMembers([members[0] as Buffer, ...members]);
    expect((await verdictOf(twice.bytes)).problems).toMatchObject([
      { code: 'member_unexpected', member: paths[0], at: twice.head + (members[0]?.length ?? 0) },
    ]);
    const swapped = await withMembers(members.toReversed());
    const { problems, good_files } = await verdictOf(swapped.bytes);
    expect(problems.every(({ code }) => code === 'member_unexpected')).toBe(true);
    expect([problems.length > 0, good_files]).toEqual([true, 4]);
  });

  it('says which file does not belong to it', async () => {
    const strange = memberOf(9, 'bundle/strange', Buffer.from('strange'));
    const last = await withMembers([...members, strange]);
    expect((await verdictOf(last.bytes)).problems).toMatchObject([
      { code: 'member_unexpected', member: 'bundle/strange' },
    ]);
    const first = await withMembers([strange, ...members]);
    expect((await verdictOf(first.bytes)).problems).toMatchObject([{ code: 'member_unexpected', at: first.head }]);
  });

  it('says which file is another', async () => {
    const changed = members.with(1, memberOf(4, paths[1] ?? '', Buffer.from(contentOf(paths[1] ?? '')).fill(9)));
    const { bytes } = await withMembers(changed);
    const file = (await verdictOf(bytes)).problems;
    if (contentOf(paths[1] ?? '').length > 0) expect(file).toMatchObject([{ code: 'file_altered', member: paths[1] }]);
  });

  it('says where it was cut and where it goes on', async () => {
    const { bytes } = await exportOf();
    for (const length of [0, 1, 511, 512, 5000, bytes.length - 1025, bytes.length - 1024, bytes.length - 1]) {
      const { problems } = await verdictOf(bytes.subarray(0, length));
      expect(problems.map(({ code, at }) => [code, at])).toContainEqual(['archive_cut', length]);
    }
    for (const more of [Buffer.alloc(1), Buffer.alloc(512), Buffer.from('x'), bytes]) {
      const { problems } = await verdictOf(Buffer.concat([bytes, more]));
      expect(problems).toMatchObject([{ code: 'archive_overlong', at: bytes.length }]);
    }
  });

  it('is not verified in another spelling, or with other keys beside it', async () => {
    const { content } = await exportOf();
    const codes = async (change: Partial<ArchiveContent>) =>
      (await verdictOf(bytesOf({ ...content, ...change }, FILES))).problems.map(({ code, member }) => [code, member]);
    const spelled = (text: string) => JSON.stringify(JSON.parse(text), null, 1);
    expect(await codes({ statement: spelled(content.statement) })).toEqual([
      ['envelope_malformed', 'statement.dsse.json'],
    ]);
    expect(await codes({ keys: spelled(content.keys) })).toEqual([['keys_malformed', 'keys.json']]);
    const [key] = KEYS.provenance;
    const another = { ...KEYS, provenance: [{ ...key!, until: '2026-02-01T00:00:00.000Z' }] };
    expect(await codes({ keys: exportKeysText(another) })).toEqual([['file_altered', 'keys.json']]);
    const renamed = { ...KEYS, provenance: [{ ...key!, key_id: signerOf(9).key_id }] };
    expect(await codes({ keys: exportKeysText(renamed) })).toEqual([['keys_malformed', 'keys.json']]);
    const other = await exportOf({ files: new Map([['other', Buffer.from('other')]]) });
    expect(await codes({ statement: other.content.statement, keys: other.content.keys })).toContainEqual([
      'manifest_altered',
      'manifest.json',
    ]);
  });

  it('that is none is refused without an error', async () => {
    for (const garbage of [Buffer.alloc(0), Buffer.alloc(4096), Buffer.alloc(100_000, 0xff), Buffer.from('{"a":1}')]) {
      const { problems, trusted_by } = await verdictOf(garbage);
      expect([problems.length > 0, trusted_by]).toEqual([true, 'none']);
    }
  });
});
