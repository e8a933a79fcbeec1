import { releaseModel } from '../../db/command/release-model.ts';
import { recordBlobState } from '../../db/command/verify-blob.ts';
import { registeredBlob } from '../../db/read/registry.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { digestHex } from '../../domain/registry/digest.ts';
import { readJson } from '../body.ts';
import { decisionKey } from '../decision-key.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidFields, REASON, readFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { lookAt } from '../registry/look-at.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const HOW = ['removed', 'verified'] as const;

const howProblem = (value: unknown): string | null => {
  if (value === undefined) return 'required';
  return HOW.some((how) => how === value) ? null : 'invalid_value';
};

const RULES = { required: { target: { max: 4096 }, reason: REASON }, optional: {}, values: { how: howProblem } };

async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  const { req, caller } = call;
  const { db } = deps;
  const { target, reason, how } = readFields(await readJson(req), RULES);
  const release = { target, how: how === 'verified' ? how : 'removed', reason: reason.trim() } as const;
  const by = how === 'verified' ? await verify(call, deps, target) : {};
  const key = decisionKey(req, { kind: 'release', ...release });
  const outcome = await releaseModel(db, caller, { ...release, ...by, key });
  if (!outcome.ok) return refuseWith(outcome.code);
  return ok({ released: outcome.released, granted: outcome.granted });
}

/**
 * Reads the blob and holds it against the manifest of the bundle that names it; what was found goes on record. Errors:
 * validation_failed for a target that is no digest, model_not_registered, blob_missing, blob_corrupt, blob_conflict.
 */
async function verify({ caller }: Call, { db, blobs }: ApiDeps, target: string): Promise<{ bundle: string }> {
  const digest = digestHex(target) ?? invalidFields({ path: 'target', code: 'invalid_value' });
  const registered = await registeredBlob(db, caller.workspace_id, digest);
  if (registered === undefined) throw new DomainError('model_not_registered');
  const { state, bytes } = await lookAt(blobs, digest);
  await recordBlobState(db, caller, { digest, state, asked: true });
  if (state !== 'intact') throw new DomainError(state);
  if (bytes !== registered.bytes) throw new DomainError('blob_conflict');
  return { bundle: `${registered.name}@${registered.version}` };
}

export const route: Route = { method: 'POST', path: '/v1/models/release', action: 'model.release', handler };
