import { setTimeout as sleep } from 'node:timers/promises';

const patienceMs = 10_000;

/** What the two state ports say, by name. */
export type TrustStates = { attestation: string; integrity: string };

/** Waits until `/readyz` answers 200, or `over`. */
export async function untilReady(api: string, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const response = await get(`${api}/readyz`, over);
    if (response?.status === 200) return;
    await sleep(50, undefined, { signal: over }).catch(() => undefined);
  }
}

/** What a state port says once it is more than `unknown`; a TPM that stays silent holds a start up for 10 s at most. */
export async function untilAppraised(url: string, over: AbortSignal): Promise<string> {
  const deadline = AbortSignal.any([over, AbortSignal.timeout(patienceMs)]);
  for (;;) {
    const response = await get(`${url}/api/v1/state`, deadline);
    const state = response?.status === 200 ? stateOf(response.body) : 'unknown';
    if (state !== 'unknown' || deadline.aborted) return state;
    await sleep(50, undefined, { signal: deadline }).catch(() => undefined);
  }
}

async function get(url: string, signal: AbortSignal): Promise<{ status: number; body: string } | undefined> {
  try {
    const response = await fetch(url, { signal });
    return { status: response.status, body: await response.text() };
  } catch {
    return undefined;
  }
}

function stateOf(body: string): string {
  try {
    const { state } = JSON.parse(body) as { state?: unknown };
    return typeof state === 'string' ? state : 'unknown';
  } catch {
    return 'unknown';
  }
}
