import { setTimeout as sleep } from 'node:timers/promises';
import { StepFailure } from '../../activities/rotation/strategy.ts';

const ANSWER_MS = 5_000;
/** A replaced file has been seen by every process well before. */
const SEEN_WITHIN_MS = 4_000;
const AGAIN_MS = 200;
/** Several processes may answer for one address. */
const TIMES = 3;

export interface CodecDoor {
  baseUrl: string;
  token: string | undefined;
}

/** A payload in the JSON form of `temporal.api.common.v1.Payload`: bytes are base64. */
export interface WirePayload {
  metadata: Record<string, string>;
  data: string;
}

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** What is sealed to see which key seals: it says nothing. */
export const SAMPLE: WirePayload = { metadata: { encoding: base64('json/plain') }, data: base64('"rotation"') };

/** The id of the key that a payload names, '' where it is not sealed. */
export const keyIdOf = ({ metadata }: WirePayload): string =>
  Buffer.from(metadata['encryption-key-id'] ?? '', 'base64').toString('utf8');

/** Asks the API to seal or open one payload; undefined where it cannot. Throws `StepFailure`: api_unreachable, api_refused. */
async function ask(
  { baseUrl, token }: CodecDoor,
  how: 'encode' | 'decode',
  payload: WirePayload,
): Promise<WirePayload | undefined> {
  const response = await fetch(new URL(`/v1/codec/${how}`, baseUrl), {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ payloads: [payload] }),
    redirect: 'error',
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch(() => {
    throw new StepFailure('api_unreachable', { retry: true });
  });
  const text = await response.text();
  if (response.status === 401 || response.status === 403)
    throw new StepFailure('api_refused', { retry: true, evidence: { status: response.status } });
  if (response.status !== 200) return undefined;
  const { payloads } = JSON.parse(text) as { payloads: WirePayload[] };
  return payloads[0];
}

/** Waits until every answer of several opens a payload to the sample. Throws `StepFailure` of `code`. */
export const expectOpened = (door: CodecDoor, sealed: WirePayload, code: string): Promise<void> =>
  expectEach(async () => (await ask(door, 'decode', sealed))?.data === SAMPLE.data, code);

/** Waits until every answer of several is sealed by this key. Throws `StepFailure` of `code`. */
export const expectSealedBy = (door: CodecDoor, key_id: string, code: string): Promise<void> =>
  expectEach(async () => {
    const sealed = await ask(door, 'encode', SAMPLE);
    return sealed !== undefined && keyIdOf(sealed) === key_id;
  }, code);

async function expectEach(holds: () => Promise<boolean>, code: string): Promise<void> {
  const deadline = performance.now() + SEEN_WITHIN_MS;
  for (let seen = 0; seen < TIMES;) {
    const held = await holds();
    seen = held ? seen + 1 : 0;
    if (!held && performance.now() >= deadline) throw new StepFailure(code, { retry: true });
    if (!held) await sleep(AGAIN_MS);
  }
}
