import { createHash } from 'node:crypto';
import { ExportFailure } from '../../activities/exports/engine.ts';
import type { UpstreamDeps } from '../../activities/upstreams/deps.ts';
import { SecretError } from '../../activities/upstreams/secret-error.ts';
import type { Database } from '../../db/client.ts';
import { loadedUpstreams } from '../../db/read/upstreams.ts';
import type { ExportDestination } from '../../storage/export-destination.ts';
import { S3Destination } from '../../storage/s3-destination.ts';
import { s3FolderOf, s3KeysOf } from '../../storage/s3-place.ts';

/** A destination that is kept at hand, and what it was opened by. */
interface Known {
  by: string;
  destination: ExportDestination;
}

/**
 * The destinations that upstreams of kind `s3` are, by their names and by what is in force at each use: one is opened anew when
 * its address or its keys have changed. Errors: ExportFailure `destination_unknown`, `destination_unusable`, `credentials_missing`.
 */
export function s3DestinationOf({
  db,
  readSecret,
}: {
  db: Database;
  readSecret: UpstreamDeps['readSecret'];
}): (name: string) => Promise<ExportDestination> {
  const known = new Map<string, Known>();
  return async (name) => {
    const upstream = (await loadedUpstreams(db))?.upstreams.find((entry) => entry.kind === 's3' && entry.name === name);
    if (upstream === undefined) throw new ExportFailure('destination_unknown');
    const keys = await keysOf(upstream, readSecret);
    const credentials = s3KeysOf(keys);
    if (credentials === undefined) throw new ExportFailure('credentials_missing');
    const folder = s3FolderOf(upstream.url, { credentials, internal: upstream.internal });
    if (folder === undefined) throw new ExportFailure('destination_unusable');
    const by = createHash('sha256')
      .update(JSON.stringify([upstream.url, upstream.internal, keys]))
      .digest('hex');
    const held = known.get(name);
    if (held?.by === by) return held.destination;
    const destination = new S3Destination(folder);
    known.set(name, { by, destination });
    return destination;
  };
}

async function keysOf(upstream: { auth_ref?: string }, readSecret: UpstreamDeps['readSecret']): Promise<string> {
  const { auth_ref } = upstream;
  if (auth_ref === undefined) throw new ExportFailure('credentials_missing');
  try {
    const secret = await readSecret(auth_ref);
    const text = secret.toString('utf8');
    secret.fill(0);
    return text;
  } catch (error) {
    if (error instanceof SecretError) throw new ExportFailure('credentials_missing', { retry: true });
    throw error;
  }
}
