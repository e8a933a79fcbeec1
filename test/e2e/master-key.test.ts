import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readMasterKey } from '../../config/master-key.ts';
import { testStack } from '../support/stack.ts';
import type { TestStack } from '../support/stack.ts';

let t: TestStack;
let again: TestStack | undefined;
beforeAll(async () => {
  t = await testStack();
});
afterAll(async () => {
  await again?.close();
  await t?.close();
});

const VALUE = 'planted-value-4c7d';

async function call<T>(api: string, method: string, path: string, body: object = {}, headers = {}): Promise<T> {
  const answer = await fetch(api + path, {
    method,
    headers: { 'Content-Type': 'application/json', ...headers },
    ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
  });
  return (await answer.json()) as T;
}

it('S1-93 a backup is restored with the original master key, which is then rotated under the running server', async () => {
  const { api } = t.stack.urls;
  await call(api, 'PUT', '/v1/secrets/provider', { value: VALUE });
  const asked = { slot: 'provider', subject: 'agent:a' };
  const lease = await call<{ lease_id: string; secret: string }>(api, 'POST', '/v1/leases', asked);
  const bearer = { Authorization: `Bearer ${lease.secret}` };
  const read = (from: string) =>
    call<{ value?: string; code?: string }>(from, 'POST', `/v1/leases/${lease.lease_id}/read`, {}, bearer);
  expect((await read(api)).value).toBe(VALUE);

  await t.stack.stop();
  // The key is never in a backup; it comes from where keys are kept.
  const restored = mkdtempSync(join(tmpdir(), 'interlock-restored-'));
  await t.sh(`cp -a ${t.stateRoot}/. ${restored} && rm ${restored}/keys/master.key`);
  copyFileSync(join(t.stateRoot, 'keys/master.key'), join(restored, 'keys/master.key'));
  again = await testStack({ stateRoot: restored });
  const { urls } = again.stack;
  expect((await read(urls.api)).value).toBe(VALUE);

  const keyFile = join(restored, 'keys/master.key');
  const original = readMasterKey(join(t.stateRoot, 'keys/master.key')).key_id;
  // Its address is said: the default one may be another server's of this machine.
  const command = './script/interlock --base-url "$API" rotate master_key --compromised --reason copied';
  expect(await again.sh(command)).toContain('completed');
  expect(readMasterKey(keyFile).key_id).not.toBe(original);
  expect((await read(urls.api)).value).toBe(VALUE);
  const slots = await call<{ master_key_id: string }>(urls.api, 'GET', '/v1/secrets/provider');
  expect(slots.master_key_id).toBe(readMasterKey(keyFile).key_id);
});
