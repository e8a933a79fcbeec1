import { toBase64 } from '../../domain/signing/base64.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { FINDING_COLUMNS } from '../ledger/findings.ts';
import { isFolder, isUrl, openLog } from '../ledger/log-source.ts';
import { remember } from '../ledger/remembered.ts';
import { TRUST_FLAGS, readTrust } from '../ledger/trusted-key.ts';
import { verifyLog } from '../ledger/verify-log.ts';
import { withProgress } from '../output/progress.ts';

export const command = defineCommand({
  name: 'ledger verify',
  about: 'Verify a log: its signature, every tile, every entry, that it only grew, and what is on record besides it',
  notes: `Of a folder it works without any server. Exit code 0 when the log is verified, 1 when not: then CODE says what is wrong,
AT and COUNT at which entries, and WHERE in what. Without --key and before anything is remembered the log is held against
its own key, which proves only that it is whole. Where the log has another key than the one that is
trusted, each change from one to the other has to be signed by both keys. --remember FILE is moved forward when the log was verified. An export has the records beside the log: each incident has
to be the version that its last entry pins, each hold placed and released by entries, each anchor a checkpoint of this log that
an enrolled TPM quoted; ANCHOR is unknown where that evidence is not in the copy.`,
  operands: {
    copy: {
      optional: true,
      about: 'the folder of an export, or the URL a log is served under; else that of the server',
    },
  },
  flags: TRUST_FLAGS,
  run: async ({ operands: { copy }, flags }, { client, out }) => {
    if (copy !== undefined && !isUrl(copy) && !(await isFolder(copy)))
      throw new UsageError(`${copy} is no folder and no URL`, 'ledger verify');
    const trust = await readTrust(flags);
    const progress = { done: 0, of: 0 };
    const work = verifyLog(openLog(copy, client), trust, progress);
    const ran = await withProgress(out.progress, 'verifying', work, () => (progress.of > 0 ? progress : undefined));
    const { findings, checkpoint, key, keyChanges, records } = ran;
    const verified = findings.total === 0 && checkpoint !== undefined && key !== undefined;
    if (verified && flags.remember !== undefined) await remember(flags.remember, { ...checkpoint, key });
    const facts = {
      verified,
      origin: checkpoint?.origin ?? null,
      size: checkpoint?.size ?? null,
      root: checkpoint === undefined ? null : toBase64(checkpoint.root),
      key: key ?? null,
      key_from: trust.keyFrom,
      key_changes: keyChanges,
      remembered_size: trust.remembered?.size ?? null,
      ...records,
      findings_total: findings.total,
    };
    out.answer({ ...facts, findings: findings.shown }, () => {
      out.facts(Object.entries(facts));
      if (findings.total > 0) out.table(findings.shown, FINDING_COLUMNS, '');
    });
    if (findings.total > findings.shown.length) out.note(`the first ${findings.shown.length} findings are shown`);
    if (trust.keyFrom === 'its own') out.note('the key is what the log says of itself: --key names the one you know');
    return verified ? EXIT.done : EXIT.no;
  },
});
