import { setTimeout as sleep } from 'node:timers/promises';
import { StepFailure } from '../../activities/rotation/strategy.ts';

const ANSWER_MS = 5_000;
/** A replaced file, a disabled row: every process has seen it after a second. */
const SEEN_WITHIN_MS = 4_000;
const AGAIN_MS = 200;

export interface Knock {
  baseUrl: string;
  method: 'GET' | 'POST';
  path: string;
  token: string;
}

/** The status the API answers a token with, as it would anybody. Throws `StepFailure` api_unreachable. */
export async function knock({ baseUrl, method, path, token }: Knock): Promise<number> {
  const url = new URL(path, baseUrl);
  const headers = {
    Authorization: `Bearer ${token}`,
    ...(method === 'POST' ? { 'Content-Type': 'application/json' } : {}),
  };
  const body = method === 'POST' ? { body: '{}' } : {};
  try {
    const response = await fetch(url, {
      method,
      headers,
      ...body,
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    await response.body?.cancel();
    return response.status;
  } catch {
    throw new StepFailure('api_unreachable', { retry: true });
  }
}

/**
 * Knocks until the answer is `expected`, `times` in a row, for what has changed is not seen by all at the same moment.
 * Throws `StepFailure` of `code` with the last status.
 */
export async function expectStatus(asked: Knock, expected: number, code: string, times = 3): Promise<void> {
  const deadline = performance.now() + SEEN_WITHIN_MS;
  let seen = 0;
  for (;;) {
    const status = await knock(asked);
    seen = status === expected ? seen + 1 : 0;
    if (seen === times) return;
    if (status !== expected && performance.now() >= deadline)
      throw new StepFailure(code, { retry: true, evidence: { status } });
    if (status !== expected) await sleep(AGAIN_MS);
  }
}
