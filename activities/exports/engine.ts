import type { Sent } from './types.ts';
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
  /** As preflight found it; before, as it came with the request. */
  manifest: BundleManifest | null;
  /** The registry does not answer for it: the manifest that came with the request stands in, and blobs are the instance's own. */
  stood_in: boolean;
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
  /** What the destination finds again what it has of it by. */
  handle: string | null;
  /** Once everything was sent. */
  archive: { sha256: string; bytes: number } | null;
}

export interface Preflight {
  /** Null: it is neither in the registry nor did it come with the request. */
  bundle: { digest: string; transition_digest: string } | null;
  /** Null with it. */
  manifest: BundleManifest | null;
  findings: ExportReason[];
}

/** What a delivery tells the record, and asks it, while it is under way. */
export interface DeliveryHooks {
  /** Whether anything may leave at this moment: the airlock, and whether the export is still wanted. */
  airlock: () => Promise<'open' | 'closed'>;
  /** Puts the handle on record before the first part is sent. */
  keepHandle: (handle: string) => Promise<void>;
  progress: (sent: number) => void;
  signal: AbortSignal;
}

/**
 * What an export does outside. Each may be called again after it was done, or half done, and then comes to the same. They throw
 * `ExportStop` for a reason that stops the export, `ExportFailure` for trouble.
 */
export interface ExportEngine {
  /** Looks, and changes nothing. What it finds is its answer, not an error. */
  preflight(job: ExportJob, signal: AbortSignal): Promise<Preflight>;
  /** The signed statement that the archive carries: made once, so that the archive stays the same bytes. */
  seal(job: ExportJob, signal: AbortSignal): Promise<{ statement: string; digest: string }>;
  /** Sends what the destination does not have yet; reads the airlock before each part. Gives it no name. */
  deliver(job: ExportJob, hooks: DeliveryHooks): Promise<Sent>;
  /** Gives it its name. `present`: the same bytes had it already. */
  complete(job: ExportJob, signal: AbortSignal): Promise<'stored' | 'present'>;
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
