import type { BundleManifest } from '../../domain/registry/manifest.ts';
import { defineCommand } from '../command.ts';
import { durationSeconds } from '../duration.ts';
import { UsageError } from '../errors.ts';
import { exportExit, EXPORTS, showExport, untilQuiet } from '../exports.ts';
import type { ExportDetail } from '../exports.ts';
import { withProgress } from '../output/progress.ts';
import { manifestFile } from '../registry/bundle.ts';

const NAME = 'export request';
/** How long --wait waits where nothing else is said. */
const USUAL = '10m';

export const command = defineCommand({
  name: NAME,
  about: 'Ask for a bundle to leave',
  notes:
    'Exit code 0: exported; 3: it waits for approvals, or is under way; 4: blocked, by the reason shown; 5: it was rejected, cancelled or has expired.\n--wait waits for preflight, sealing and delivery, not for people: while they are asked the answer is 3.',
  operands: { name: { about: 'of the bundle' }, version: { about: 'of the bundle' } },
  flags: {
    to: { kind: 'text', required: true, value: 'file|s3:UPSTREAM', about: 'where the archive goes' },
    reason: { kind: 'text', required: true, about: 'why it has to leave' },
    ticket: { kind: 'text', value: 'ID', about: 'the ticket that calls for it' },
    manifest: {
      kind: 'text',
      value: 'FILE',
      about: 'of the bundle, for an override when the registry does not answer',
    },
    'retain-days': { kind: 'integer', about: 'how long the archive is kept under a lock' },
    'not-after': { kind: 'text', value: 'TIME', about: 'until when approvals are waited for, RFC 3339' },
    'idempotency-key': { kind: 'text', value: 'KEY', about: 'makes a retry of a pipeline the same request' },
    wait: { kind: 'boolean', about: 'wait until it has ended, is blocked or waits for people' },
    timeout: { kind: 'text', value: 'DURATION', about: `how long --wait waits at most, by default ${USUAL}` },
  },
  run: async ({ operands: { name, version }, flags }, { client, out }) => {
    const { to, reason, ticket, manifest, wait, timeout } = flags;
    const key = flags['idempotency-key'];
    if (timeout !== undefined && !wait) throw new UsageError('--timeout goes with --wait', NAME);
    const patience = wait ? durationSeconds(timeout ?? USUAL, 'timeout', NAME) : 0;
    const asked = {
      bundle: { name, version },
      destination: destinationOf(to),
      reason,
      ...(ticket === undefined ? {} : { ticket }),
      ...(manifest === undefined ? {} : { manifest: (await manifestFile(manifest)) satisfies BundleManifest }),
      ...(flags['retain-days'] === undefined ? {} : { retain_days: flags['retain-days'] }),
      ...(flags['not-after'] === undefined ? {} : { not_after: flags['not-after'] }),
    };
    const headers = key === undefined ? {} : { 'Idempotency-Key': key };
    const { body } = await client.post<ExportDetail>(EXPORTS, asked, { headers });
    const found = await withProgress(out.progress, 'exporting', untilQuiet(client, body, patience));
    out.answer(found, () => showExport(out, found));
    return exportExit(found);
  },
});

function destinationOf(to: string): { kind: string; upstream?: string } {
  if (to === 'file') return { kind: 'file' };
  const [kind, upstream = ''] = to.split(':', 2);
  if (kind !== 's3' || upstream === '') throw new UsageError('--to takes file or s3:UPSTREAM', NAME);
  return { kind, upstream };
}
