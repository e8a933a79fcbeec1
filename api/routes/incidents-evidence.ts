import { collectEvidence } from '../../db/command/collect-evidence.ts';
import { isSha256Hex } from '../../domain/canonical/hash.ts';
import { readJson } from '../body.ts';
import { decisionKey } from '../decision-key.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import type { Reply } from '../reply.ts';
import { requiredIncident } from '../required-incident.ts';
import type { Call, Route } from '../route.ts';

const FILES_AT_MOST = 2 ** 31 - 1;

const upTo = (max: number) => (value: unknown) => {
  if (value === undefined) return 'required';
  if (typeof value !== 'number') return 'invalid_type';
  return Number.isSafeInteger(value) && value >= 0 && value <= max ? null : 'invalid_value';
};
const digest = (value: unknown) => {
  if (value === undefined) return 'required';
  if (typeof value !== 'string') return 'invalid_type';
  return isSha256Hex(value) ? null : 'invalid_value';
};

/** Goes on record before the archive is written: whoever has one can prove what was taken, when and by whom. */
async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  const given = readFields(await readJson(call.req), {
    required: {},
    optional: {},
    values: {
      manifest_digest: digest,
      files: upTo(FILES_AT_MOST),
      bytes: upTo(Number.MAX_SAFE_INTEGER),
      absent: upTo(FILES_AT_MOST),
    },
  }) as { manifest_digest: string; files: number; bytes: number; absent: number };
  const incident = await requiredIncident(call, deps);
  const { manifest_digest, files, bytes, absent } = given;
  const said = { manifest_digest, files, bytes, absent };
  const key = decisionKey(call.req, { kind: 'evidence.collect', incident_id: incident.id, ...said });
  const collected = await collectEvidence(deps.db, call.caller, incident, { ...said, key });
  if (!collected.ok) return refuseWith(collected.code);
  const { evidence_id, collected_at, collected_by } = collected;
  return { status: 201, body: { evidence_id, collected_at, collected_by, manifest_digest } };
}

export const route: Route = { method: 'POST', path: '/v1/incidents/:id/evidence', action: 'evidence.collect', handler };
