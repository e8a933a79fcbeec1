import { createHash } from 'node:crypto';
import { canonicalPieces, streamedArray, streamedObject, streamedValue } from '../../domain/canonical/stream.ts';
import type { Streamed } from '../../domain/canonical/stream.ts';
import { payloadOf } from '../../domain/forensic/bundle.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { one } from '../../db/client.ts';
import type { Queryable } from '../../db/client.ts';
import { activePolicyDigest } from '../../db/read/active-policy.ts';
import { EntryPlaces, entryPages, gapHashPages } from '../../db/read/forensic-entries.ts';
import { incidentPages } from '../../db/read/forensic-records.ts';
import type { Pages } from '../../db/read/forensic-records.ts';
import { publishedLog } from '../../db/read/log.ts';
import type { Spool } from './spool.ts';
import { systemState } from './system-state.ts';

/** What was spooled: the canonical payload, then the text of the member `ledger`. */
export interface WrittenPayload {
  exported_at: string;
  policy_digest: string | null;
  epoch: number;
  incidents: number;
  audit_entries: number;
  /** SHA-256 of the payload, 32 bytes. */
  hash: Buffer;
  payloadSize: number;
}

/** Writes what the snapshot behind `tx` has, page by page. Errors: ledger_unpublished, spool_unavailable. */
export async function writePayload(
  tx: Queryable,
  spool: Spool,
  { workspace_id, watchIntervalMs }: { workspace_id: string; watchIntervalMs: number },
): Promise<WrittenPayload> {
  const log = await publishedLog(tx);
  if (log === undefined) throw new DomainError('ledger_unpublished');
  const exported_at = await clockOf(tx);
  const policy_digest = (await activePolicyDigest(tx)) ?? null;
  const places = new EntryPlaces();
  const incidents = { count: 0 };
  const payload = payloadOf({
    audit_entries: streamedArray(entryPages(tx, workspace_id, log, places)),
    exported_at: streamedValue(exported_at),
    incidents: streamedArray(counted(incidentPages(tx, workspace_id), incidents)),
    policy_digest: streamedValue(policy_digest),
    system_state: await systemState(tx, workspace_id, log, watchIntervalMs),
  });
  const sha256 = createHash('sha256');
  await write(payload, spool, (bytes) => sha256.update(bytes));
  const payloadSize = spool.size;

  const from = places.runs[0] ?? 0;
  const complete = places.runs.length === 2 && from === 0 && places.runs[1] === log.size;
  const proofs = streamedObject({
    first: streamedValue(from),
    size: streamedValue((places.runs.at(-1) ?? 0) - from),
    ...(complete || log.size === 0 ? {} : { hashes: streamedArray(gapHashPages(tx, log, places)) }),
  });
  await write(streamedObject({ checkpoint: streamedValue(log.checkpoint), proofs }), spool);
  return {
    exported_at,
    policy_digest,
    epoch: log.epoch,
    incidents: incidents.count,
    audit_entries: places.count,
    hash: sha256.digest(),
    payloadSize,
  };
}

async function clockOf(tx: Queryable): Promise<string> {
  const row = await one<{ now: string }>(tx, `SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
  if (row === undefined) throw new Error('the database has no clock');
  return row.now;
}

async function* counted(pages: Pages, into: { count: number }): Pages {
  for await (const page of pages) {
    into.count += page.length;
    yield page;
  }
}

async function write(node: Streamed, spool: Spool, seen: (bytes: Buffer) => unknown = () => undefined): Promise<void> {
  for await (const piece of canonicalPieces(node)) {
    const bytes = Buffer.from(piece, 'utf8');
    seen(bytes);
    await spool.write(bytes);
  }
}
