import { createHash, hash } from 'node:crypto';
import type { ForensicCrypto } from '../../domain/forensic/crypto.ts';
import type { ForensicKey } from '../../domain/forensic/key.ts';
import { verifyBundle } from '../../domain/forensic/verify.ts';
import type { ForensicVerdict } from '../../domain/forensic/verify.ts';
import { StepFailure } from '../../activities/rotation/strategy.ts';

const PATH = '/api/v1/forensic/export';
/** A step has a minute (ROTATION in workflows/options.ts). */
const WHOLE_WITHIN_MS = 50_000;
/** A bundle ends with its signatures. */
const TAIL = 1024;
const SIGNATURE = /"signature":"([0-9a-f]{64})"/;

const natives: ForensicCrypto = {
  sha256: (bytes) => hash('sha256', bytes, 'buffer'),
  stream: () => {
    const sha256 = createHash('sha256');
    return { update: (bytes) => void sha256.update(bytes), digest: () => sha256.digest() };
  },
  utf8: (text) => Buffer.from(text, 'utf8'),
  fromBase64: (text) => {
    const bytes = Buffer.from(text, 'base64');
    return bytes.toString('base64') === text ? bytes : null;
  },
};

export interface JudgedBundle extends ForensicVerdict {
  /** The HMAC as it stands in the bundle; null where there is none. */
  mac: string | null;
}

/**
 * Exports a bundle as a security owner would and verifies it with one forensic key alone; it is kept nowhere. Throws
 * `StepFailure`: api_unreachable, export_refused, export_unavailable.
 */
export async function exportedBundle(
  { baseUrl, token }: { baseUrl: string; token: string | undefined },
  by: ForensicKey,
): Promise<JudgedBundle> {
  const unreachable = () => new StepFailure('api_unreachable', { retry: true });
  const response = await fetch(new URL(PATH, baseUrl), {
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    redirect: 'error',
    signal: AbortSignal.timeout(WHOLE_WITHIN_MS),
  }).catch(() => {
    throw unreachable();
  });
  const { status, body } = response;
  if (status !== 200 || body === null) {
    await body?.cancel();
    const retry = status === 429 || status >= 500;
    throw new StepFailure(retry ? 'export_unavailable' : 'export_refused', { retry, evidence: { status } });
  }
  let tail = '';
  async function* read(from: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of from) {
      tail = (tail + Buffer.from(chunk.subarray(-TAIL)).toString('latin1')).slice(-TAIL);
      yield chunk;
    }
  }
  const verdict = await verifyBundle(read(body), { forensicKeys: [by], ledgerKeys: [] }, natives).catch(
    (error: unknown) => {
      if (error instanceof TypeError || (error as { name?: unknown }).name === 'TimeoutError') throw unreachable();
      throw error;
    },
  );
  return { ...verdict, mac: SIGNATURE.exec(tail)?.[1] ?? null };
}
