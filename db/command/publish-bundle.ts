import { digestName } from '../../domain/registry/digest.ts';
import type { BundleId, BundleManifest } from '../../domain/registry/manifest.ts';
import type { Database } from '../client.ts';
import { one } from '../client.ts';
import { blobsQuery, quarantineOf } from '../read/registry.ts';
import type { FoundBlob, Quarantine } from '../read/registry.ts';
import type { Tx } from '../transaction.ts';
import { registryEntry } from '../write/registry.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';
import type { BlobState } from './verify-blob.ts';

export interface BundleToPublish {
  id: BundleId;
  manifest: BundleManifest;
  /** RFC 8785 text, and its hex digest. */
  text: string;
  digest: string;
  /** What a look at each blob found just now, by hex digest. */
  looked: ReadonlyMap<string, BlobState>;
  key: DecisionKey;
}

export interface PublishRefused {
  ok: false;
  code: 'bundle_exists' | 'blob_missing' | 'blob_corrupt' | 'blob_conflict' | 'model_quarantined';
  detail: string;
}

export type Published = { ok: true; created: boolean; published_at: string } | PublishRefused | Reused;

const refused = (code: PublishRefused['code'], detail: string): PublishRefused => ({ ok: false, code, detail });
const quarantined = (what: string, { reason, incident_id }: Quarantine) =>
  refused('model_quarantined', `${what} is quarantined: ${reason}${incident_id === null ? '' : `, ${incident_id}`}`);

/**
 * Publishes a bundle once and for good: every blob that it names is put in the workspace, was found whole, and is not
 * quarantined at this moment. The same again is no error; another manifest under the same version is `bundle_exists`.
 */
export async function publishBundle(db: Database, by: Caller, bundle: BundleToPublish): Promise<Published> {
  const { id, manifest, digest, key } = bundle;
  const object = `bundle/${id.name}@${id.version}`;
  const once = { workspace_id: by.workspace_id, aggregate: object, kind: 'publish', key };
  return decideOnce<Exclude<Published, Reused>>(db, by, once, async (tx, now) => {
    const there = await one<{ digest: string; published_at: string }>(
      tx,
      'SELECT digest, published_at FROM registry_bundles WHERE workspace_id = $1 AND name = $2 AND version = $3',
      [by.workspace_id, id.name, id.version],
    );
    if (there !== undefined)
      return there.digest === digest
        ? { ok: true, created: false, published_at: there.published_at }
        : refused('bundle_exists', `${object} is published as ${digestName(there.digest)}`);
    const problem = await problemOf(tx, by, bundle);
    if (problem !== null) return problem;
    await write(tx, by, bundle, now);
    const { transition_digest, license, policy_profile, policy_hash } = manifest;
    await registryEntry(tx, by, {
      at: now,
      action: 'bundle_published',
      object,
      detail: {
        digest: digestName(digest),
        blobs: manifest.blobs.length,
        ...{ transition_digest, license, policy_profile, policy_hash },
      },
    });
    return { ok: true, created: true, published_at: now };
  });
}

async function problemOf(tx: Tx, by: Caller, bundle: BundleToPublish): Promise<PublishRefused | null> {
  const digests = [...new Set(bundle.manifest.blobs.map((blob) => blob.sha256))];
  const { text, values } = blobsQuery(by.workspace_id, digests);
  const { rows } = await tx.query({ text: `${text} ORDER BY b.digest FOR UPDATE OF b`, values });
  const found = new Map((rows as FoundBlob[]).map((blob) => [blob.digest, blob]));
  const held = await quarantineOf(tx, by.workspace_id, bundle.digest);
  if (held !== null) return quarantined(digestName(bundle.digest), held);
  for (const { path, sha256, size } of bundle.manifest.blobs) {
    const blob = found.get(sha256);
    const what = `${path} (${digestName(sha256)})`;
    if (blob === undefined) return refused('blob_missing', `${what} was not put in this workspace`);
    if (blob.quarantine !== null) return quarantined(what, blob.quarantine);
    const state = bundle.looked.get(sha256);
    if (state !== 'intact') return refused(state ?? 'blob_missing', `${what} was not found whole in the store`);
    if (blob.bytes !== size) return refused('blob_conflict', `${what} has ${blob.bytes} bytes`);
  }
  return null;
}

async function write(tx: Tx, by: Caller, { id, manifest, text, digest }: BundleToPublish, now: string): Promise<void> {
  const { blobs } = manifest;
  const place = [by.workspace_id, id.name, id.version];
  const author = [by.actor, by.on_behalf_of];
  const bytes = blobs.reduce((sum, blob) => sum + blob.size, 0);
  await tx.query(
    `INSERT INTO registry_bundles (workspace_id, name, version, digest, manifest, blobs, bytes, published_at, actor, on_behalf_of)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [...place, digest, text, blobs.length, bytes, now, ...author],
  );
  await tx.query(
    `INSERT INTO registry_bundle_blobs (workspace_id, name, version, path, digest, bytes, actor, on_behalf_of)
      SELECT $1, $2, $3, b.path, b.digest, b.bytes, $7, $8 FROM unnest($4::text[], $5::text[], $6::int8[]) AS b(path, digest, bytes)`,
    [...place, blobs.map((b) => b.path), blobs.map((b) => b.sha256), blobs.map((b) => b.size), ...author],
  );
  await tx.query(
    'UPDATE registry_blobs SET referenced = true WHERE workspace_id = $1 AND digest = ANY($2) AND NOT referenced',
    [by.workspace_id, blobs.map((b) => b.sha256)],
  );
}
