import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../../db/client.ts';
import { putAdapter } from '../../../db/command/put-adapter.ts';
import { loadUpstreams } from '../../../db/command/upstreams.ts';
import { RELAY_SESSION } from '../../../db/read/relay.ts';
import { CHILDREN_SESSION, UPSTREAMS_SESSION } from '../../../db/read/sessions.ts';
import type { Finding } from '../../../domain/doctor/finding.ts';
import { parseUpstreams } from '../../../domain/upstream/definition.ts';
import { freshKey } from '../../support/adapters.ts';
import { hookOf, useHooks } from '../../support/hooks.ts';
import { OPERATOR, reportIncident } from '../../support/record.ts';
import { json, startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

let api: ApiUnderTest;
const closing: (() => Promise<void>)[] = [];
beforeAll(async () => {
  api = await startApi();
  await holds(RELAY_SESSION);
});
afterAll(async () => {
  for (const close of closing) await close();
  await api?.close();
});

/** A session as the control process holds one. */
async function holds(name: string): Promise<void> {
  const session = openDatabase({ url: api.databaseUrl, name, max: 1 });
  await session.query('SELECT 1');
  closing.push(() => session.end());
}

const failing = async () => (await json<{ failing?: string[] }>(api.get('/readyz'))).failing ?? [];
const found = async (name: string) =>
  (await json<{ checks: Finding[] }>(api.get('/v1/doctor'))).checks
    .filter((check) => check.name.startsWith(name) && !check.ok)
    .map((check) => [check.name, check.code]);

it('nothing is asked of work that is not configured', async () => {
  await reportIncident(api.db, 'unauthorized_access');
  await api.db.query(`UPDATE notifications SET created_at = created_at - interval '1 hour'`);
  expect(await failing()).toEqual([]);
});

it('alerts that nobody hands to the hooks make it not ready', async () => {
  await useHooks(api.db, hookOf('pager', 'http://127.0.0.1:9/', 'env:NONE'));
  expect(await failing()).toEqual(['fan_out']);
  await api.db.query('UPDATE notifications SET fanned_out = true');
  expect(await failing()).toEqual([]);
});

it('child adapters that nobody runs make it not ready, and doctor names those that are down', async () => {
  const definition = {
    mode: 'child_process' as const,
    command: '/nowhere',
    args: [],
    credential_slots: [],
    actions: ['freeze_agent' as const],
    classes: [],
  };
  await putAdapter(api.db, OPERATOR, { name: 'sidecar', definition, key: freshKey() });
  expect(await failing()).toEqual(['children']);
  await holds(CHILDREN_SESSION);
  expect(await failing()).toEqual([]);
  expect(await found('adapter_children')).toEqual([['adapter_children:sidecar', 'child_not_running']]);
});

it('upstreams that nobody asks make it not ready', async () => {
  const model = { name: 'model', kind: 'provider', url: 'http://127.0.0.1:9', internal: true };
  await loadUpstreams(api.db, parseUpstreams({ version: 1, upstreams: [model] }), 'test');
  expect(await failing()).toEqual(['upstreams']);
  await holds(UPSTREAMS_SESSION);
  expect(await failing()).toEqual([]);
  await api.db.query(`UPDATE upstream_probes SET due_at = due_at - interval '1 hour'`);
  expect(await failing()).toEqual(['upstreams']);
  expect(await found('readiness')).toEqual([['readiness', 'not_ready']]);
});
