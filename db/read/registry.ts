import { digestName } from '../../domain/registry/digest.ts';
import { one, rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { gateWorkspaces } from './check-gate.ts';

/** The oldest of the holds that close the gate `model` for a digest. */
export interface Quarantine {
  hold_id: string;
  incident_id: string | null;
  reason: string;
}

export interface FoundBlob {
  /** Hex. */
  digest: string;
  bytes: number;
  first_put_at: string;
  put_at: string;
  actor: string;
  /** What was found instead of it at the last look. */
  broken: 'blob_missing' | 'blob_corrupt' | null;
  quarantine: Quarantine | null;
}

/** `checkGate('model', target)` inside the statement that decides: the first hold, as JSON, or null. `$w`, `$t` are SQL. */
const firstHold = (w: string, target: string): string =>
  `(SELECT json_build_object('hold_id', q.hold_id, 'incident_id', q.incident_id, 'reason', q.reason)
    FROM unnest(${w}) AS ws(id), unnest(ARRAY[${target}, '*']) AS t(target),
    LATERAL (SELECT * FROM holds WHERE workspace_id = ws.id AND gate = 'model' AND target = t.target AND released_at IS NULL
      ORDER BY placed_at, hold_id LIMIT 1) AS q
    ORDER BY q.placed_at, q.hold_id LIMIT 1)`;

const BLOBS = `SELECT b.digest, b.bytes, b.first_put_at, b.put_at, b.actor, b.broken, ${firstHold('$2::text[]', "'sha256:' || b.digest")} AS quarantine
  FROM registry_blobs b WHERE b.workspace_id = $1`;

/** The statement of `findBlob` and `findBlobs`. */
export const blobsQuery = (workspace_id: string, digests: readonly string[]) => ({
  name: 'registry-blobs',
  text: `${BLOBS} AND b.digest = ANY($3)`,
  values: [workspace_id, gateWorkspaces(workspace_id), digests],
});

/** The blobs that a workspace has put, each with what the gate says of it at this moment; at most as many as are asked for. */
export async function findBlobs(db: Queryable, workspace_id: string, digests: readonly string[]): Promise<FoundBlob[]> {
  return (await db.query(blobsQuery(workspace_id, digests))).rows as FoundBlob[];
}

export const findBlob = async (db: Queryable, workspace_id: string, digest: string): Promise<FoundBlob | undefined> =>
  (await findBlobs(db, workspace_id, [digest]))[0];

/** What holds a digest that need not be a blob: that of a bundle. */
export async function quarantineOf(db: Queryable, workspace_id: string, digest: string): Promise<Quarantine | null> {
  const row = await one<{ quarantine: Quarantine | null }>(
    db,
    `SELECT ${firstHold('$1::text[]', '$2::text')} AS quarantine`,
    [gateWorkspaces(workspace_id), digestName(digest)],
  );
  return row?.quarantine ?? null;
}

/** A bundle without its manifest. */
export interface ListedBundle {
  name: string;
  version: string;
  digest: string;
  blobs: number;
  bytes: number;
  published_at: string;
  published_by: string;
}

const LISTED = 'r.name, r.version, r.digest, r.blobs, r.bytes, r.published_at, r.actor AS published_by';

export async function findBundle(
  db: Queryable,
  workspace_id: string,
  { name, version }: { name: string; version: string },
): Promise<(ListedBundle & { manifest: string; quarantine: Quarantine | null }) | undefined> {
  return one(
    db,
    `SELECT ${LISTED}, r.manifest, ${firstHold('$4::text[]', "'sha256:' || r.digest")} AS quarantine
      FROM registry_bundles r WHERE r.workspace_id = $1 AND r.name = $2 AND r.version = $3`,
    [workspace_id, name, version, gateWorkspaces(workspace_id)],
  );
}

export interface BundlePage {
  workspace_id: string;
  limit: number;
  /** Only the versions of this one. */
  name?: string;
  after?: { name: string; version: string };
}

/** The statement of `listBundles`. */
export const bundleListQuery = ({ workspace_id, limit, name, after }: BundlePage) => ({
  text: `SELECT ${LISTED} FROM registry_bundles r WHERE r.workspace_id = $1 AND (r.name, r.version) > ($2, $3)
      ${name === undefined ? '' : 'AND r.name = $5'} ORDER BY r.name, r.version LIMIT $4`,
  values: [workspace_id, after?.name ?? '', after?.version ?? '', limit + 1, ...(name === undefined ? [] : [name])],
});

/** Bundles by name and version. `next` is where the next page begins. */
export async function listBundles(db: Queryable, page: BundlePage) {
  const { text, values } = bundleListQuery(page);
  const found = await rows<ListedBundle>(db, text, values);
  const items = found.slice(0, page.limit);
  return { items, next: found.length > page.limit ? (items.at(-1) ?? null) : null };
}

/** Whether a published bundle of the workspace names the digest, and in which size. */
export const registeredBlob = (db: Queryable, workspace_id: string, digest: string) =>
  one<{ name: string; version: string; path: string; bytes: number }>(
    db,
    `SELECT name, version, path, bytes FROM registry_bundle_blobs WHERE workspace_id = $1 AND digest = $2
      ORDER BY name, version, path LIMIT 1`,
    [workspace_id, digest],
  );
