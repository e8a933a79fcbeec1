import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAdapter } from '../support/adapter-server.ts';
import { eventually } from '../support/eventually.ts';
import { testStack } from '../support/stack.ts';
import type { TestStack } from '../support/stack.ts';

const CONTROL = 'planted-control-value-93b1';
const LEASED = 'planted-leased-value-58ce';
let t: TestStack;
let adapter: Awaited<ReturnType<typeof startAdapter>>;
beforeAll(async () => {
  t = await testStack();
  adapter = await startAdapter(CONTROL);
});
afterAll(async () => {
  await adapter?.close();
  await t?.close();
});

async function call<T>(method: string, path: string, body: object = {}, headers = {}): Promise<T> {
  const answer = await fetch(t.stack.urls.api + path, {
    method,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as T;
}

/** Files below a folder that hold one of the values, byte for byte. */
function holding(folder: string, values: string[]): { searched: number; found: string[] } {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
  const found = paths.filter((path) => {
    const bytes = readFileSync(path, 'latin1');
    return values.some((value) => bytes.includes(value));
  });
  return { searched: paths.length, found };
}

it('S1-05 S1-07 secrets of the embedded server sign containment and are leased, and no file of it holds one', async () => {
  await call('PUT', '/v1/secrets/adapters.frost', { value: CONTROL, class: 'control' });
  await call('PUT', '/v1/secrets/provider', { value: LEASED });
  await call('PUT', '/v1/adapters/frost', {
    mode: 'external',
    url: adapter.url,
    actions: ['freeze_agent'],
    secret: { ref: 'slot:adapters.frost', previous_ref: 'slot:adapters.frost@previous' },
    internal: true,
  });
  const lease = await call<{ lease_id: string; secret: string }>('POST', '/v1/leases', {
    slot: 'provider',
    subject: 'agent:a',
  });
  const bearer = { Authorization: `Bearer ${lease.secret}` };
  const read = () => call<{ value?: string; code?: string }>('POST', `/v1/leases/${lease.lease_id}/read`, {}, bearer);
  expect((await read()).value).toBe(LEASED);

  const evidence = { subject: 'agent:a' };
  const report = { class: 'unauthorized_access', source: 'e2e', description: 'd', evidence };
  await call('POST', '/api/v1/incidents/report', report);
  expect((await read()).code).toBe('vault_closed');
  await eventually(async () => adapter.holding.get('agent/agent:a')?.state === 'closed' || undefined);
  expect(adapter.unsigned).toBe(0);

  expect(statSync(join(t.stateRoot, 'keys/master.key')).mode & 0o777).toBe(0o600);
  await t.stack.stop();
  const { searched, found } = holding(t.stateRoot, [CONTROL, LEASED, lease.secret]);
  expect(searched).toBeGreaterThan(100);
  expect(found).toEqual([]);
  // It would be found: the name of the slot is in the clear.
  expect(holding(t.stateRoot, ['adapters.frost']).found.length).toBeGreaterThan(0);
});
