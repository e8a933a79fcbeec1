import { verifyEvidence } from '../../domain/evidence/verify.ts';
import { LedgerError } from '../../domain/ledger/error.ts';
import { parseNoteKey } from '../../domain/ledger/note.ts';
import type { NoteKey } from '../../domain/ledger/note.ts';
import { defineCommand } from '../command.ts';
import { readEvidence } from '../evidence/read.ts';
import { EXIT } from '../exit-codes.ts';
import { readTrust, TRUST_FLAGS } from '../ledger/trusted-key.ts';
import { sharedSha256 } from '../sha256.ts';

export const command = defineCommand({
  name: 'evidence verify',
  about: 'Say whether collected evidence was altered, what of it and where; needs no server',
  notes: `Every file is held against the manifest, the manifest against its ledger entry, and every entry against the checkpoint that
the log's key signed. With --key it is the key you know; without, the one that the manifest names. Exit code 0: nothing was
altered; 1: something was.`,
  operands: { path: { about: 'the archive, or the folder it was unpacked into' } },
  flags: { key: TRUST_FLAGS.key },
  run: async ({ operands: { path }, flags }, { out }) => {
    const { key } = await readTrust({ key: flags.key, remember: undefined });
    const { files, problems, whole } = await readEvidence(path);
    const damage = problems.map(({ code, at, path: of }) => ({
      code,
      where: of ?? path,
      detail: `from byte ${at} of the archive`,
    }));
    const verdict = whole ? verifyEvidence(files, (own) => key ?? ownKey(own), sharedSha256) : undefined;
    const findings = [...damage, ...(verdict?.findings ?? [])];
    const { manifest, collected } = verdict ?? {};
    const facts = {
      verified: findings.length === 0,
      incident: manifest?.incident ?? null,
      collected_at: collected?.at ?? null,
      collected_by: collected?.actor ?? null,
      on_behalf_of: collected?.on_behalf_of ?? null,
      manifest_digest: verdict?.manifest_digest ?? null,
      files: manifest?.files.length ?? null,
      proven_entries: verdict?.proven_entries ?? 0,
      proven_histories: verdict?.proven_histories ?? 0,
      absent: manifest?.absent.length ?? null,
      redactions: manifest?.files.reduce((sum, file) => sum + file.redactions, 0) ?? null,
      key_from: key === undefined ? 'its own' : 'passed',
    };
    out.answer({ ...facts, findings }, () => {
      out.facts(Object.entries(facts));
      if (findings.length > 0)
        out.table(
          findings,
          [
            { head: 'CODE', cell: (f) => f.code },
            { head: 'WHERE', cell: (f) => f.where },
            { head: 'WHAT', cell: (f) => f.detail },
          ],
          '',
        );
    });
    if (key === undefined) out.note('the key is what the evidence says of itself: --key names the one you know');
    return findings.length === 0 ? EXIT.done : EXIT.no;
  },
});

function ownKey(line: string | null): NoteKey | undefined {
  try {
    return line === null ? undefined : parseNoteKey(line, sharedSha256);
  } catch (error) {
    if (error instanceof LedgerError) return undefined;
    throw error;
  }
}
