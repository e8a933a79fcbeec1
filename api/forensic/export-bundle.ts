import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { forensicMac } from '../../domain/forensic/key.ts';
import type { ForensicKey } from '../../domain/forensic/key.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import type { Caller } from '../../db/command/caller.ts';
import { abandonExport, requestSignature, signatureOf } from '../../db/command/forensic-exports.ts';
import { logStanding } from '../../db/read/log.ts';
import { snapshot } from '../../db/snapshot.ts';
import { findToken } from '../auth/tokens-file.ts';
import type { ApiDeps } from '../deps.ts';
import type { ByteStream } from '../reply.ts';
import { Spool } from './spool.ts';
import { writePayload } from './write-payload.ts';
import type { WrittenPayload } from './write-payload.ts';

type Deps = Pick<ApiDeps, 'db' | 'about' | 'auth' | 'forensicKey' | 'watchIntervalMs'>;

export interface SpooledBundle {
  exported_at: string;
  stream: ByteStream;
}

/** Bundles made or sent at the same time by one process: each holds a database session, then a place on the disk. */
const AT_ONCE = 2;
const underWay = { count: 0 };

/**
 * Makes the bundle of the caller's workspace, whole and signed, before a byte of it is sent. Errors: forensic_key_missing,
 * forensic_key_unusable, ledger_unpublished, log_signer_unavailable, spool_unavailable, too_many_requests.
 */
export async function exportBundle(deps: Deps, caller: Caller): Promise<SpooledBundle> {
  const key = await signingKey(deps);
  if (underWay.count >= AT_ONCE) throw new DomainError('too_many_requests');
  underWay.count += 1;
  let spool: Spool | undefined;
  const close = async () => {
    underWay.count -= 1;
    await spool?.close();
  };
  try {
    await caughtUp(deps);
    const own = (spool = await Spool.open(deps.about.stateRoot));
    const { watchIntervalMs } = deps;
    const written = await snapshot(deps.db, (tx) => writePayload(tx, own, { ...caller, watchIntervalMs }));
    const signature_ed25519 = await logSignature(deps, caller, key, written);
    return { exported_at: written.exported_at, stream: bundleStream(own, written, key, signature_ed25519, close) };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Whoever has a token must not be able to sign with it. */
async function signingKey({ forensicKey, auth }: Deps): Promise<ForensicKey> {
  const key = forensicKey();
  const tokens = await auth.tokens?.();
  if (tokens !== undefined && findToken(tokens, Buffer.from(key.key).toString('utf8').trim()) !== undefined)
    throw new DomainError('forensic_key_unusable', { detail: 'the forensic key is a bearer token' });
  return key;
}

/** An entry that was written a moment ago is better proven than listed; whoever is busy gets those of this moment. */
const CATCH_UP_MS = 2_000;
const LOOK_AGAIN_MS = 20;

async function caughtUp({ db }: Deps): Promise<void> {
  const deadline = performance.now() + CATCH_UP_MS;
  while ((await logStanding(db))?.waiting === true && performance.now() < deadline) await sleep(LOOK_AGAIN_MS);
}

/** How long the worker has that holds the log's key. */
const SIGNED_WITHIN_MS = 5_000;

/** The log's signature over the bundle; with it the bundle is on record as exported, without it as failed. */
async function logSignature(
  { db }: Deps,
  { workspace_id, actor, on_behalf_of }: Caller,
  { key_id }: ForensicKey,
  { hash, exported_at, policy_digest, epoch, incidents, audit_entries }: WrittenPayload,
): Promise<string> {
  const export_id = `FEX-${randomUUID()}`;
  const counts = { exported_at, policy_digest, epoch, incidents, audit_entries };
  const bundle_hash = hash.toString('hex');
  await requestSignature(
    db,
    { workspace_id, actor, on_behalf_of, export_id, bundle_hash, key_id, ...counts },
    SIGNED_WITHIN_MS,
  );
  const deadline = performance.now() + SIGNED_WITHIN_MS;
  while (performance.now() < deadline) {
    const signature = await signatureOf(db, { workspace_id, export_id });
    if (signature !== undefined) return signature;
    await sleep(LOOK_AGAIN_MS);
  }
  const late = await abandonExport(db, { workspace_id, export_id });
  if (late === undefined) throw new DomainError('log_signer_unavailable');
  return late;
}

/** The bundle's text: the payload's members, the same bytes in base64, then what proves them. */
function bundleStream(
  spool: Spool,
  { hash, payloadSize }: WrittenPayload,
  key: ForensicKey,
  signature_ed25519: string,
  close: () => Promise<void>,
): ByteStream {
  const text = (value: string): string => JSON.stringify(value);
  const copy = Buffer.from(',"canonical_payload":"');
  const named = Buffer.from(`","key_id":${text(key.key_id)},"ledger":`);
  const proof = Buffer.from(
    `,"bundle_hash":${text(hash.toString('hex'))},"signature":${text(forensicMac(key, hash))},"signature_ed25519":${text(signature_ed25519)}}`,
  );
  const base64Size = Math.ceil(payloadSize / 3) * 4;
  async function* chunks(): AsyncGenerator<Buffer> {
    // All of the payload's text but the brace that ends it: the bundle goes on with its own members.
    yield* spool.read(0, payloadSize - 1);
    yield copy;
    for await (const chunk of spool.read(0, payloadSize)) yield Buffer.from(chunk.toString('base64'), 'latin1');
    yield named;
    yield* spool.read(payloadSize, spool.size);
    yield proof;
  }
  const length = spool.size - 1 + copy.length + base64Size + named.length + proof.length;
  return { length, chunks, close };
}
