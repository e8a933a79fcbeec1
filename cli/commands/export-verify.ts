import { digestName } from '../../domain/registry/digest.ts';
import { formatNoteKey } from '../../domain/ledger/note.ts';
import { verificationKeysOf } from '../../domain/export/provenance-key.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { remember } from '../export/remembered.ts';
import { readTrust, TRUST_FLAGS } from '../export/trust.ts';
import { verifyFile } from '../export/verify-file.ts';
import { withProgress } from '../output/progress.ts';

/** So many are shown: of an archive that is all wrong the rest says nothing more. */
const SHOWN = 100;

export const command = defineCommand({
  name: 'export verify',
  about: 'Say whether an export is what was let out and by whose word, and where it is not; needs no server',
  notes: `Every byte of the archive is held against its manifest, the manifest against the signed statement, and every approval that
it names against its entry in the log. The keys in the archive prove nothing: name the instance's by --key-file or --trust, its log's
by --log-key, or keep them by --remember. By the key of the log alone it is proved that this bundle was let through, not what the
statement says besides. Exit code 0: verified; 1: something is wrong, or it is only whole in itself; 2: there is no such file.`,
  operands: { file: { about: 'the archive' } },
  flags: TRUST_FLAGS,
  run: async ({ operands: { file }, flags }, { out }) => {
    const trust = await readTrust(flags);
    let part: { done: number; of: number } | undefined;
    const work = verifyFile(file, trust, (now) => (part = now));
    const found = await withProgress(out.progress, 'export', work, () => part);
    const { statement, checkpoint, problems, trusted_by } = found;
    const of = statement?.predicate;
    const whole = problems.length === 0 && of !== undefined;
    const verified = whole && trusted_by !== 'none';
    if (verified && trusted_by === 'key' && flags.remember !== undefined) {
      const signers = [...trust.provenance, ...verificationKeysOf(of.keys.provenance)];
      await remember(
        flags.remember,
        signers.filter((key) => found.signed_by.includes(key.key_id)),
      );
    }
    const approvals = of?.grant.approvals ?? [];
    const facts = {
      verified,
      trusted_by,
      key_from: trust.from,
      signed_by: found.signed_by.join(', ') || null,
      export_id: of?.export_id ?? null,
      workspace: of?.workspace ?? null,
      bundle: of === undefined ? null : `${of.bundle.name} ${of.bundle.version}`,
      digest: of === undefined ? null : digestName(of.bundle.digest),
      transition_digest: of?.bundle.transition_digest ?? null,
      license: of?.license.id ?? null,
      policy: of === undefined ? null : `${of.policy.profile} ${of.policy.hash}`,
      mode: of?.mode ?? null,
      grant: of?.grant.kind ?? null,
      quorum: of?.quorum.map(({ role, count }) => `${count} ${role}`).join(', ') ?? null,
      requested_by: of?.requested.by ?? null,
      requested_at: of?.requested.at ?? null,
      ticket: of?.requested.ticket ?? null,
      log: checkpoint === undefined ? null : `${checkpoint.origin} up to ${checkpoint.size}`,
      log_key: trust.log.length === 0 ? 'as the statement names it' : trust.log.map(formatNoteKey).join(', '),
      proven_entries: found.proven_entries,
      files: found.good_files,
      bytes: found.bytes,
      sha256: found.sha256,
      problem_count: problems.length,
    };
    out.answer({ ...facts, approvals, problems: problems.slice(0, SHOWN) }, () => {
      out.facts(Object.entries(facts));
      out.table(
        approvals,
        [
          { head: 'APPROVED_BY', cell: (a) => a.actor },
          { head: 'AS', cell: (a) => a.role },
          { head: 'AT', cell: (a) => a.at },
          { head: 'ALONE', cell: (a) => a.single_operator },
        ],
        'no approvals',
      );
      if (problems.length > 0)
        out.table(
          problems.slice(0, SHOWN),
          [
            { head: 'PROBLEM', cell: (p) => p.code },
            { head: 'MEMBER', cell: (p) => p.member },
            { head: 'BYTE', cell: (p) => p.at },
            { head: 'WHAT', cell: (p) => p.detail },
          ],
          '',
        );
    });
    if (problems.length > SHOWN) out.note(`${problems.length - SHOWN} more problems are not listed`);
    if (whole && !verified)
      out.note(
        'it is whole in itself, which proves nothing: --key-file or --trust names the key of the instance that you know',
      );
    return verified ? EXIT.done : EXIT.no;
  },
});
