import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { freshMasterKey } from '../../support/secrets.ts';
import { json, startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';

export const VALUE = 'sk-provider-value-7c51';
export const SUBJECT = 'connector:ops-webhook';
export const master = freshMasterKey();
export let logged = '';
export let api: ApiUnderTest;
beforeAll(async () => {
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged += chunk.toString();
      done();
    },
  });
  api = await startApi({ masterKey: () => master, log: pino({ level: 'trace' }, sink) });
});
afterAll(async () => {
  await api?.close();
});

export type Json = Record<string, unknown>;
export interface Issued {
  lease_id: string;
  secret: string;
  not_after: string;
}

export const put = (slot: string, body: object, headers: Record<string, string> = {}) =>
  api.get(`/v1/secrets/${slot}`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
export const issue = (slot: string, subject = SUBJECT, more: object = {}) =>
  api.post('/v1/leases', { slot, subject, ...more });
export const issued = async (slot: string, subject = SUBJECT) => json<Issued>(issue(slot, subject));
export const read = ({ lease_id, secret }: Issued, headers: Record<string, string> = {}) =>
  api.post(`/v1/leases/${lease_id}/read`, {}, { Authorization: `Bearer ${secret}`, ...headers });
export const renew = ({ lease_id }: Issued) => api.post(`/v1/leases/${lease_id}/renew`, { ttl: 3600 });
export const show = ({ lease_id }: Issued) => json(api.get(`/v1/leases/${lease_id}`));
export const leasesOf = (subject: string) => json(api.get(`/v1/subjects/${encodeURIComponent(subject)}/leases`));

/** What a use of the lease is answered with: a value, or a code with its status. */
export async function outcome(response: Promise<Response>): Promise<string> {
  const answer = await response;
  const body = (await answer.json()) as { code?: string; value?: string };
  return answer.ok ? (body.value ?? 'renewed') : `${answer.status} ${body.code ?? ''}`;
}
export const uses = async (lease: Issued) => [await outcome(read(lease)), await outcome(renew(lease))];

export let slot = '';
let n = 0;
beforeEach(async () => {
  slot = `openai.prod-${(n += 1)}`;
  expect((await put(slot, { value: VALUE, kind: 'openai' })).status).toBe(201);
});
