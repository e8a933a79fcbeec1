import { afterAll, beforeAll, expect, it } from 'vitest';
import { testStack } from '../support/stack.ts';
import type { TestStack } from '../support/stack.ts';

let t: TestStack;
beforeAll(async () => {
  t = await testStack();
});
afterAll(() => t.close());

const post = (path: string, body: string) =>
  `curl -s -X POST "$API${path}" -H 'Content-Type: application/json' -d '${body}'`;
const report = (cls: string) =>
  post('/api/v1/incidents/report', `{"class":"${cls}","source":"walk","description":"as observed"}`);

it('S4-05 S4-25 S4-34 a manifest_mismatch walks to resolved by acknowledgement, the worker killed in between', async () => {
  const id = await t.sh(`${report('manifest_mismatch')} | jq -r .id`);
  expect(await t.sh(`curl -s "$API/api/v1/incidents/get?id=${id}" | jq -r .state`)).toBe('contained');
  expect(await t.sh(`${post('/api/v1/incidents/resolve', `{"id":"${id}"}`)} | jq -r .code`)).toBe(
    'recovery_incomplete',
  );
  await t.stack.kill('control', 'SIGKILL');
  await t.stack.ready('control');
  const ack = `{"incident_id":"${id}","operator":"me@org"}`;
  expect(await t.sh(`${post('/api/v1/recovery/ack', ack)} | jq -c .`)).toBe('{"status":"acknowledged"}');
  expect(
    await t.sh(`${post('/api/v1/incidents/resolve', `{"id":"${id}"}`)} | jq -r '.state, (.resolved_at != null)'`),
  ).toBe('resolved\ntrue');
});

it('S4-07 S4-17 a prompt_injection resolves directly, the API killed in between', async () => {
  const id = await t.sh(`${report('prompt_injection')} | jq -r .id`);
  await t.stack.kill('api', 'SIGKILL');
  await t.stack.ready('api');
  expect(await t.sh(`${post('/api/v1/incidents/resolve', `{"id":"${id}"}`)} | jq -r .state`)).toBe('resolved');
});

it('S4-14 S4-15 an attestation_failure stays latched over the death of every Node process', async () => {
  const id = await t.sh(`${report('attestation_failure')} | jq -r .id`);
  for (const name of ['control', 'api', 'attester']) await t.stack.kill(name, 'SIGKILL');
  for (const name of ['control', 'api', 'attester']) await t.stack.ready(name);
  expect(await t.sh(`${post('/api/v1/incidents/resolve', `{"id":"${id}"}`)} | jq -r '.code, .missing[]'`)).toBe(
    'recovery_incomplete\nack\nreattest',
  );
  const gates = `for gate in agent airlock vault; do ${post('/v1/gates/check', '{"gate":"\'$gate\'"}')} | jq .open; done`;
  expect(await t.sh(gates)).toBe('false\nfalse\nfalse');
});
