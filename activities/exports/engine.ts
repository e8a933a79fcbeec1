import type { BundleId, BundleManifest } from '../../domain/registry/manifest.ts';
import type { GovernanceMode } from '../../domain/export/record.ts';
import type { Yes } from '../../domain/export/quorum.ts';
import type { ExportDestination, ExportGrant, ExportReason, QuorumPart } from '../../domain/export/types.ts';

/** What is known of an export when one of its steps is taken. Digests are hex, times RFC 3339 UTC by the database's clock. */
export interface ExportJob {
  workspace_id: string;
  export_id: string;
  bundle: BundleId;
  /** Of the manifest, and `sha256:…` of the transition: as preflight found them; null before. */
  digest: string | null;
  transition_digest: string | null;
  /** As it came with the request: used only where an override lifts what the registry does not answer. */
  manifest: BundleManifest | null;
  /** An override lifts what the registry does not answer: the manifest above stands in. */
  overridden: boolean;
  destination: ExportDestination;
  /** What the archive is called where it goes. */
  key: string;
  retain_until: string | null;
  mode: GovernanceMode;
  would_block: ExportReason[];
  /** Null before it is granted; with everybody's yes. */
  grant: ExportGrant | null;
  approvals: Yes[];
  quorum: QuorumPart[];
  /** Of the containment policy whose quorum it is. */
  policy_digest: string;
  requested_by: string;
  on_behalf_of: string | null;
  reason: string;
  ticket: string | null;
  created_at: string;
  /** The envelope that `seal` made: part of the archive, byte for byte. Null before. */
  statement: string | null;
  /** What the destination has of it so far. */
  handle: string | null;
  received: number;
  /** Once everything was sent. */
  archive: { sha256: string; bytes: number } | null;
}

export interface Preflight {
  /** Null: it is neither in the registry nor did it come with the request. */
  bundle: { digest: string; transition_digest: string } | null;
  findings: ExportReason[];
}

/** A stretch of the way: `more` is to be followed by another, `sent` says that all bytes are there and each blob had its digest. */
export type Stretch =
  | { kind: 'more'; handle: string; received: number }
  | { kind: 'sent'; handle: string; received: number; sha256: string };

/**
 * What an export does outside. Each may be called again after it was done, or half done, and then comes to the same. They throw
 * `ExportStop` for a reason that stops the export, `ExportFailure` for trouble.
 */
export interface ExportEngine {
  /** Looks, and changes nothing. What it finds is its answer, not an error. */
  preflight(job: ExportJob): Promise<Preflight>;
  /** The signed statement that the archive carries: made once, so that the archive stays the same bytes. */
  seal(job: ExportJob): Promise<{ statement: string; digest: string }>;
  /** Sends for a while (20 s at most), from `received` on; reads the airlock before each part. */
  deliver(job: ExportJob): Promise<Stretch>;
  /** Gives it its name. `present`: the same bytes had it already. */
  complete(job: ExportJob): Promise<'stored' | 'present'>;
  /** Forgets what was sent under the handle. */
  discard(job: ExportJob): Promise<void>;
}

/** The export stops: until the reason has gone where it is one that passes, else for good. */
export class ExportStop extends Error {
  override readonly name = 'ExportStop';
  readonly reason: ExportReason;

  constructor(reason: ExportReason) {
    super(reason);
    this.reason = reason;
  }
}

/** A step did not succeed. `retry`: it may without anybody's help. */
export class ExportFailure extends Error {
  override readonly name = 'ExportFailure';
  readonly code: string;
  readonly retry: boolean;

  constructor(code: string, { retry = false }: { retry?: boolean } = {}) {
    super(code);
    this.code = code;
    this.retry = retry;
  }
}
