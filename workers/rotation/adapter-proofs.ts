import { randomBytes, randomUUID } from 'node:crypto';
import { judgeTrial, sendSigned, TRIAL } from '../../activities/adapters/send-signed.ts';
import { signedHeaders } from '../../activities/adapters/sign.ts';
import { StepFailure } from '../../activities/rotation/strategy.ts';

const ANSWER_MS = 5_000;
const KEY_BYTES = 32;

/** Answers that say no to a signature. Any other may be about something else: a limit (429), a body (400), a fault. */
const REFUSALS: readonly number[] = [401, 403];

export interface Receiver {
  url: string;
  internal: boolean;
}

/** `status` 0: there was no answer, `code` says why. */
export interface Told {
  verdict: 'accepted' | 'refused' | 'unclear';
  status: number;
  code: string | null;
}

/** Sends a trial request that is signed by one key alone, which is zeroed. */
export async function trySignedBy({ url, internal }: Receiver, key: Buffer): Promise<Told> {
  let status = 0;
  const outcome = await sendSigned({ message_id: `msg_${randomUUID()}`, url, internal }, [key], TRIAL, (reply) => {
    status = reply.status;
    return judgeTrial(reply);
  });
  if (outcome.ok) return { verdict: 'accepted', status, code: null };
  return { verdict: REFUSALS.includes(status) ? 'refused' : 'unclear', status, code: outcome.code };
}

/** A key that nobody knows. */
export const strangeKey = (): Buffer => randomBytes(KEY_BYTES);

export interface Door {
  baseUrl: string;
  workspace_id: string;
  name: string;
}

/** An event that says nothing: whoever signed it is believed, and told that it says nothing; no incident comes of it. */
const EMPTY_EVENT = '{}';
const BELIEVED = 400;
const NOT_BELIEVED = 401;

/** Calls in as the adapter would, signed by one key, which is zeroed. Codes: api_unreachable, api_unexpected. */
export async function callInSignedBy({ baseUrl, workspace_id, name }: Door, key: Buffer): Promise<boolean> {
  const headers = {
    ...signedHeaders(`msg_${randomUUID()}`, Date.now(), EMPTY_EVENT, [key]),
    'X-Interlock-Workspace': workspace_id,
  };
  key.fill(0);
  const status = await fetch(new URL(`/v1/adapters/${encodeURIComponent(name)}/events`, baseUrl), {
    method: 'POST',
    headers,
    body: EMPTY_EVENT,
    redirect: 'error',
    signal: AbortSignal.timeout(ANSWER_MS),
  }).then(
    async (response) => {
      await response.body?.cancel();
      return response.status;
    },
    () => {
      throw new StepFailure('api_unreachable', { retry: true });
    },
  );
  if (status === BELIEVED) return true;
  if (status === NOT_BELIEVED) return false;
  throw new StepFailure('api_unexpected', { retry: true, evidence: { status } });
}
