import { loadedUpstreams, upstreamProbes } from '../../db/read/upstreams.ts';
import { upstreamsDigest } from '../../domain/upstream/definition.ts';
import { providerReadiness } from '../../domain/upstream/readiness.ts';
import type { ProviderReadiness } from '../../domain/upstream/readiness.ts';
import { sha256 } from '../sha256.ts';
import type { ApiDeps } from '../deps.ts';
import { ABSENT, ABSENT_FILE } from './absent.ts';

export interface UpstreamsReport {
  file: { configured: false } | ({ configured: true } & FileStanding);
  readiness: typeof ABSENT.provider_readiness | ({ configured: true } & ProviderReadiness);
}

export interface FileStanding {
  active_digest: string | null;
  loaded_at: string | null;
  file_digest: string | null;
  error: string | null;
  drift: boolean;
}

/** The upstreams in force beside the file they came from, and how ready each of them was when it was last asked. */
export async function upstreamsReport(
  deps: Pick<ApiDeps, 'db' | 'readUpstreamsFile'>,
  now: string,
): Promise<UpstreamsReport> {
  const [standing, loaded] = await Promise.all([upstreamsFile(deps), loadedUpstreams(deps.db)]);
  if (standing === null) return { file: ABSENT_FILE, readiness: ABSENT.provider_readiness };
  const rows = loaded === undefined ? [] : await upstreamProbes(deps.db);
  const readiness = providerReadiness(
    rows.filter(({ probe }) => probe === 'readiness'),
    now,
  );
  return { file: { configured: true, ...standing }, readiness: { configured: true, ...readiness } };
}

/** Null where none is configured and none is in force; they differ until somebody reloads. */
export async function upstreamsFile({
  db,
  readUpstreamsFile,
}: Pick<ApiDeps, 'db' | 'readUpstreamsFile'>): Promise<FileStanding | null> {
  const loaded = await loadedUpstreams(db);
  const file = await readUpstreamsFile().then(
    (read) =>
      read === null
        ? { file_digest: null, error: 'not_configured' }
        : { file_digest: upstreamsDigest(read, sha256), error: null },
    (error: unknown) => ({ file_digest: null, error: (error as { code?: string }).code ?? 'unreadable' }),
  );
  if (loaded === undefined && file.error === 'not_configured') return null;
  const active_digest = loaded?.digest ?? null;
  return {
    active_digest,
    loaded_at: loaded?.activated_at ?? null,
    ...file,
    drift: active_digest === null || file.file_digest !== active_digest,
  };
}
