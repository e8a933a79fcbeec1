import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { readForensicKeys, readLedgerKeys } from '../forensic/keys.ts';
import { verifyFile } from '../forensic/verify-file.ts';
import type { FileVerdict } from '../forensic/verify-file.ts';
import { withProgress } from '../output/progress.ts';

export const command = defineCommand({
  name: 'forensic verify',
  about: 'Say whether a forensic bundle was altered, and what of it; needs no server',
  notes:
    'With --key-file the HMAC is checked, by the key of that file or by those in FILE.retired/, and the log’s signatures by the\nkey that the bundle names. With --ledger-key they are checked by that key, which is all that a stranger needs.\nEntries that came after the checkpoint, or are of an epoch that ended, are listed and not proven.\nA checksum file beside the bundle is checked too. Exit code 0: nothing was altered; 1: something was.',
  operands: { file: { about: 'the bundle' } },
  flags: {
    'key-file': { kind: 'text', value: 'KEY', about: 'the file of the forensic key' },
    'ledger-key': {
      kind: 'text',
      value: 'LINE|FILE',
      about: 'the verifier key of the log, as GET /ledger/key answers it, or all of them, as GET /ledger/keys does',
    },
  },
  run: async ({ operands, flags }, { out }) => {
    const { 'key-file': key, 'ledger-key': line } = flags;
    if (key === undefined && line === undefined)
      throw new UsageError('--key-file is missing, or --ledger-key', 'forensic verify');
    const trust = {
      forensicKeys: key === undefined ? [] : readForensicKeys(key),
      ledgerKeys: line === undefined ? [] : readLedgerKeys(line),
    };
    let part: { done: number; of: number } | undefined;
    const work = verifyFile(operands.file, trust, (now) => (part = now));
    const verdict = await withProgress(out.progress, 'forensic bundle', work, () => part);
    out.answer(verdict, () => show(verdict));
    return verdict.unaltered ? EXIT.done : EXIT.no;

    function show(v: FileVerdict): void {
      out.facts([
        ['file', v.file],
        ['exported_at', v.exported_at],
        ['incidents', v.incidents],
        ['audit_entries', v.audit_entries],
        ['proven_entries', v.proven_entries],
        ['unproven_entries', v.audit_entries - v.proven_entries],
        ['log', v.log === null ? null : `${v.log.origin} up to ${v.log.size}`],
        ['key_id', v.key_id],
        ['bundle_hash', v.bundle_hash],
        ['signature', v.signature],
        ['signature_ed25519', v.signature_ed25519],
        ['checkpoint', v.checkpoint],
        ['sha256_file', v.sha256_file],
        ['unaltered', v.unaltered],
      ]);
      if (v.problems.length > 0)
        out.table(
          v.problems,
          [
            { head: 'PROBLEM', cell: (p) => p.code },
            { head: 'WHERE', cell: (p) => p.where },
            { head: 'WHAT', cell: (p) => p.detail },
          ],
          '',
        );
      const unlisted = v.problem_count - v.problems.length;
      if (unlisted > 0) out.note(`${unlisted} more problems are not listed`);
      if (v.respelled) out.note('the values are spelled otherwise than they were written: the file was formatted anew');
    }
  },
});
