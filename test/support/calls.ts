import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer {
  /** 0: there was no answer. */
  status: number;
  body: Record<string, unknown>;
}

const ANSWERS_WITHIN_MS = 20_000;

/** One POST of JSON; whatever breaks on the way is an answer without a status. */
export async function post(url: string, body: object, key: string = crypto.randomUUID()): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  } catch {
    return { status: 0, body: {} };
  }
}

/**
 * Repeats a POST until it is granted, as a client does that does not know what became of it: with one key. A decision
 * that may be refused and asked for again has to have a fresh one each time.
 */
export async function insist(
  url: string,
  body: object,
  key: () => string = always(crypto.randomUUID()),
  withinMs = 90_000,
): Promise<Record<string, unknown>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await post(url, body, key());
    if (answer.status === 200 || answer.status === 201) return answer.body;
    if (Date.now() > deadline) throw new Error(`${url}: ${answer.status} ${JSON.stringify(answer.body)}`);
    await sleep(250);
  }
}

const always = (key: string) => () => key;
export const fresh = (): string => crypto.randomUUID();
