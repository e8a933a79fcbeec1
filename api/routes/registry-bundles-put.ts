import { publishBundle } from '../../db/command/publish-bundle.ts';
import { recordBlobState } from '../../db/command/verify-blob.ts';
import type { BlobState } from '../../db/command/verify-blob.ts';
import { findBlobs } from '../../db/read/registry.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { digestName } from '../../domain/registry/digest.ts';
import { bundleDigest, bundleText, readManifest } from '../../domain/registry/manifest.ts';
import type { BundleManifest } from '../../domain/registry/manifest.ts';
import { readJson } from '../body.ts';
import { decisionKey } from '../decision-key.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { bundleId } from '../registry/bundle-request.ts';
import { lookAt } from '../registry/look-at.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { sha256 } from '../sha256.ts';

/** A thousand blobs with paths of some length. */
const MANIFEST_LIMIT = 512 * 1024;

/** Every blob is read before the transaction judges: what is not whole is not published. */
async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  const id = bundleId(call);
  const read = readManifest(await readJson(call.req, MANIFEST_LIMIT));
  if (!read.ok) return invalidFields(...read.fields);
  const { manifest } = read;
  const digest = bundleDigest(id, manifest, sha256);
  const published = await publishBundle(deps.db, call.caller, {
    id,
    manifest,
    text: bundleText(id, manifest),
    digest,
    looked: await look(call, deps, manifest),
    key: decisionKey(call.req, { kind: 'publish', digest }),
  });
  if (!published.ok) {
    if (published.code === 'idempotency_key_reused') return refuseWith(published.code);
    throw new DomainError(published.code, { detail: published.detail });
  }
  const { created, published_at } = published;
  return { status: created ? 201 : 200, body: { ...id, digest: digestName(digest), published_at } };
}

/** What lies in the store of each blob that the workspace has put. */
async function look({ caller }: Call, { db, blobs }: ApiDeps, { blobs: named }: BundleManifest) {
  const looked = new Map<string, BlobState>();
  const digests = [...new Set(named.map((blob) => blob.sha256))];
  for (const { digest, quarantine } of await findBlobs(db, caller.workspace_id, digests)) {
    if (quarantine !== null) continue;
    const { state } = await lookAt(blobs, digest);
    looked.set(digest, state);
    if (state !== 'intact') await recordBlobState(db, caller, { digest, state, asked: false });
  }
  return looked;
}

export const route: Route = {
  method: 'PUT',
  path: '/v1/registry/bundles/:name/:version',
  action: 'registry.publish',
  handler,
};
