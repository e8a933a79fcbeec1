import type { Payload } from '@temporalio/common';
import { z } from 'zod';
import { PayloadError } from '../storage/payload-codec.ts';
import { DomainError } from '../domain/problem/problem.ts';
import { readJson } from './body.ts';
import type { ApiDeps } from './deps.ts';
import { invalidFields } from './fields.ts';
import { requireInstance } from './instance.ts';
import { ok } from './reply.ts';
import type { Reply } from './reply.ts';
import type { Call } from './route.ts';

/** The engine's own limit for one payload; a console asks for those of a page. */
const LIMIT = 4 * 1024 * 1024;
const MOST = 10_000;

const base64 = z.string().regex(/^(?:[A-Za-z0-9+/_-]{4})*(?:[A-Za-z0-9+/_-]{2,3}={0,2})?$/);

/** Payloads in the JSON form of `temporal.api.common.v1.Payloads`: bytes are base64. */
export const payloadsBody = z.strictObject({
  payloads: z.array(z.object({ metadata: z.record(z.string(), base64).nullish(), data: base64.nullish() })).max(MOST),
});

type Coded = 'encode' | 'decode';

/**
 * Has a request's payloads sealed or opened, as Temporal's consoles ask a codec server to: roles held in `default` decide.
 * Errors: not_permitted, payload_unreadable.
 */
export async function recode({ req, caller }: Call, { payloadCodecs }: ApiDeps, how: Coded): Promise<Reply> {
  // The engine is the instance's, and a payload does not say of which workspace it is.
  requireInstance(caller);
  const parsed = payloadsBody.safeParse(await readJson(req, LIMIT));
  if (!parsed.success)
    return invalidFields({ path: parsed.error.issues[0]?.path.join('.') ?? '', code: 'invalid_value' });
  let payloads = parsed.data.payloads.map(fromJson);
  try {
    for (const codec of how === 'encode' ? payloadCodecs : payloadCodecs.toReversed())
      payloads = await codec[how](payloads);
  } catch (error) {
    if (error instanceof PayloadError) throw new DomainError('payload_unreadable', { detail: error.message });
    throw error;
  }
  return ok({ payloads: payloads.map(toJson) });
}

type JsonPayload = z.infer<typeof payloadsBody>['payloads'][number];

const fromJson = ({ metadata, data }: JsonPayload): Payload => ({
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
  ),
  data: Buffer.from(data ?? '', 'base64'),
});

const toJson = ({ metadata, data }: Payload) => ({
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
  ),
  data: Buffer.from(data ?? []).toString('base64'),
});
