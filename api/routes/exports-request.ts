import { requestExport } from '../../db/command/request-export.ts';
import type { BundleId, BundleManifest } from '../../domain/registry/manifest.ts';
import { readManifest } from '../../domain/registry/manifest.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { decisionKey } from '../decision-key.ts';
import {
  bundleProblem,
  destinationOf,
  destinationProblem,
  instantOf,
  instantProblem,
  manifestProblem,
  requireExport,
  retainProblem,
  untilQuiet,
} from '../export-request.ts';
import { exportDetail } from '../export-view.ts';
import { invalidFields, REASON, readFields, TICKET } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { waitPreference } from '../prefer-wait.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const RULES = {
  required: { reason: REASON },
  optional: { ticket: TICKET },
  values: {
    bundle: bundleProblem,
    destination: destinationProblem,
    manifest: manifestProblem,
    retain_days: retainProblem,
    not_after: instantProblem,
  },
};

/** A manifest with a thousand blobs. */
const LONGEST = 512 * 1024;

async function handler({ req, caller }: Call, { db, governanceMode }: ApiDeps): Promise<Reply> {
  const given = readFields(await readJson(req, LONGEST), RULES);
  const not_after = instantOf(given.not_after);
  if (not_after !== null && Date.parse(not_after) <= Date.now())
    return invalidFields({ path: 'not_after', code: 'invalid_value' });
  const asked = {
    bundle: given.bundle as BundleId,
    destination: destinationOf(given.destination),
    manifest: manifestOf(given.manifest),
    retain_days: (given.retain_days as number | undefined) ?? null,
    reason: given.reason.trim(),
    ticket: given.ticket?.trim() ?? null,
    not_after,
  };
  const key = decisionKey(req, { kind: 'export', ...asked });
  const requested = await requestExport(db, caller, { ...asked, mode: governanceMode, key });
  if (!requested.ok) return refuseWith(requested.code);
  const opened = await requireExport(db, caller.workspace_id, requested.export_id);
  const wait = waitPreference(req.headers['prefer']);
  const record = wait === undefined ? opened : await untilQuiet(db, opened, wait, req);
  return { status: 202, body: exportDetail(record), headers: { Location: `/v1/exports/${record.export_id}` } };
}

function manifestOf(value: unknown): BundleManifest | null {
  const read = value === undefined ? undefined : readManifest(value);
  return read?.ok === true ? read.manifest : null;
}

export const route: Route = { method: 'POST', path: '/v1/exports', action: 'export.request', handler };
