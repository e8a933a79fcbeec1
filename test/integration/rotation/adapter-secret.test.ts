import { createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import { putAdapter } from '../../../db/command/put-adapter.ts';
import { showSlot } from '../../../db/read/secrets.ts';
import type { AdapterDefinition } from '../../../domain/adapter/definition.ts';
import type { Step } from '../../../domain/rotation/plan.ts';
import { freshKey } from '../../support/adapters.ts';
import { rotate } from '../../support/rotations.ts';
import type { Driven } from '../../support/rotations.ts';
import { databaseText, freshMasterKey, set } from '../../support/secrets.ts';
import { webhookHeaders } from '../../support/webhook.ts';
import { startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';

const W = 'w-guarded';
const SLOT = 'guard.webhook';
const master = freshMasterKey();
let api: ApiUnderTest;
let server: Server;
/** The secrets that the adapter takes, and whether it looks at all. */
const known = new Set<string>();
let [careless, down] = [false, false];
let [old, next] = ['', ''];
const fresh = () => `whsec_${randomBytes(32).toString('base64')}`;

async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of req) body += String(chunk);
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signatures } = req.headers;
  const taken = [...known].some((secret) => {
    const hmac = createHmac('sha256', Buffer.from(secret.slice(6), 'base64'));
    const expected = hmac.update(`${String(id)}.${String(at)}.${body}`).digest('base64');
    return String(signatures).split(' ').includes(`v1,${expected}`);
  });
  res.writeHead(down ? 503 : taken || careless ? 200 : 401).end('{}');
}

beforeAll(async () => {
  api = await startApi({ masterKey: () => master, auth: { loopbackTrust: true, failures: { burst: 10_000 } } });
  server = createServer((req, res) => void answer(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await api?.close();
  server?.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const secrets = () => ({ db: api.db, masterKey: () => master });
const put = (value: string, staged = false, slot = SLOT) =>
  set(secrets(), slot, value, { class: 'control', staged, workspace_id: W });
async function define(name: string, slot: string, secret: object = {}): Promise<void> {
  const { port } = server.address() as AddressInfo;
  const definition: AdapterDefinition = {
    mode: 'external',
    url: `http://127.0.0.1:${port}/hook`,
    actions: ['disable_tool'],
    secret: { ref: `slot:${slot}`, previous_ref: `slot:${slot}@previous`, ...secret },
    internal: true,
    classes: ['prompt_injection'],
  };
  const by = { workspace_id: W, actor: 'owner', on_behalf_of: null };
  await putAdapter(api.db, by, { name, definition, key: freshKey() });
}
const turn = (how: Driven = {}, name = 'guard') =>
  rotate({ ...secrets(), baseUrl: api.url }, 'adapter_secret', name, { workspace_id: W, ...how });
const slotNow = async () => (await showSlot(api.db, W, SLOT))!;
/** Whoever runs the adapter takes the old secret out when the overlap is over. */
const partsWithOld = (step: Step) => {
  if (step === 'prove_old') known.delete(old);
};
let n = 0;
async function callIn(secret: string): Promise<number> {
  const body = '{}';
  const headers = webhookHeaders({ id: `msg_${n++}`, timestamp: Math.floor(Date.now() / 1000), body, secret });
  const url = `${api.url}/v1/adapters/guard/events`;
  const all = { ...headers, 'Content-Type': 'application/json', 'X-Interlock-Workspace': W };
  return (await fetch(url, { method: 'POST', headers: all, body })).status;
}

beforeEach(async () => {
  [old, next] = [fresh(), fresh()];
  [careless, down] = [false, false];
  known.clear();
  for (const secret of [old, next]) known.add(secret);
  await put(old);
  await put(next, true);
  await define('guard', SLOT);
});

describe('the secret of an adapter', () => {
  it('S1-88 S1-107 is replaced: both count during the overlap, then the old one on neither side, and nothing comes of the proofs', async () => {
    const count = () => rows(api.db, 'SELECT incident_id FROM adapter_events UNION ALL SELECT id FROM incidents');
    const [before, events] = [await slotNow(), await count()];
    const done = await turn({
      request: { overlap_seconds: 60 },
      before: async (step) => {
        partsWithOld(step);
        if (step === 'cut_over') expect([await callIn(old), await callIn(next)]).toEqual([400, 401]);
        if (step === 'overlap') expect([await callIn(old), await callIn(next)]).toEqual([400, 400]);
        if (step === 'prove_old') expect([await callIn(old), await callIn(next)]).toEqual([401, 400]);
      },
    });
    expect(done).toMatchObject({ state: 'completed', failure: null });
    expect(done.steps.map(({ step }) => step)).toEqual([
      'inspect',
      'stage',
      'prove_new',
      'cut_over',
      'overlap',
      'withdraw',
      'prove_old',
      'revoke',
    ]);
    expect(done.steps.find((s) => s.step === 'prove_new')?.evidence).toEqual({ status: 200, stranger_status: 401 });
    expect(done.steps.find((s) => s.step === 'prove_old')?.evidence).toEqual({
      adapter_status: { new: 200, old: 401 },
      api_status: { new: 'believed', old: 401 },
    });
    const after = await slotNow();
    expect(after).toMatchObject({ version: before.staged_version, previous_version: null, staged_version: null });
    expect(after.versions.find((v) => v.version === before.version)?.destroyed_at).not.toBeNull();
    expect(await count()).toEqual(events);
    const text = await databaseText(api.db);
    for (const secret of [old, next]) expect(text).not.toContain(secret);
  });

  it('comes to the same when the worker dies between the effect of each step and its record', async () => {
    const { staged_version } = await slotNow();
    expect(await turn({ dying: true, before: partsWithOld })).toMatchObject({ state: 'completed' });
    expect(await slotNow()).toMatchObject({ version: staged_version, previous_version: null, staged_version: null });
  });

  it('stays as it is when the adapter does not take the new one alone', async () => {
    known.delete(next);
    const { version, staged_version } = await slotNow();
    expect(await turn({ dying: true })).toMatchObject({ state: 'undone', failure: 'new_refused' });
    const after = await slotNow();
    expect(after).toMatchObject({ version, staged_version: null });
    expect(after.versions.find((v) => v.version === staged_version)?.destroyed_at).not.toBeNull();
    expect([await callIn(old), await callIn(next)]).toEqual([400, 401]);
  });

  it('is not shown by an adapter that takes whatever it is sent, or by one that does not answer', async () => {
    careless = true;
    expect(await turn()).toMatchObject({ state: 'undone', failure: 'signatures_unchecked' });
    await put(next, true);
    down = true;
    expect(await turn()).toMatchObject({ state: 'undone', failure: 'adapter_unanswered' });
  });

  it('is put back when nobody shows that we take it after the cut', async () => {
    const { version } = await slotNow();
    const nowhere = { ...secrets(), baseUrl: 'http://127.0.0.1:9' };
    const done = await rotate(nowhere, 'adapter_secret', 'guard', { workspace_id: W });
    expect(done).toMatchObject({ state: 'undone', failed_step: 'cut_over', failure: 'api_unreachable' });
    expect(await slotNow()).toMatchObject({ version, previous_version: null, staged_version: null });
    expect([await callIn(old), await callIn(next)]).toEqual([400, 401]);
  });

  it('waits until the adapter refuses the old one, and takes no failure of it for a refusal', async () => {
    let asked = 0;
    const done = await turn({
      before: (step) => {
        if (step !== 'prove_old') return;
        asked += 1;
        down = asked === 3;
        if (asked === 4) known.delete(old);
      },
    });
    expect(done.state).toBe('completed');
    expect(done.steps.filter((s) => s.step === 'prove_old').map((s) => s.code)).toEqual([
      'old_accepted_by_adapter',
      'old_accepted_by_adapter',
      'adapter_unanswered',
      null,
    ]);
  });

  it('dry: says what is missing and changes nothing', async () => {
    const dry = { request: { dry_run: true } };
    const before = await slotNow();
    expect(await turn(dry)).toMatchObject({ state: 'completed', dry_run: true });
    expect(await slotNow()).toEqual(before);
    expect(await turn(dry, 'nobody')).toMatchObject({ state: 'failed', failure: 'adapter_not_found' });
    await define('alone', 'alone.webhook', { previous_ref: 'slot:another@previous' });
    expect(await turn(dry, 'alone')).toMatchObject({ failure: 'previous_ref_missing' });
    await put(old, false, 'alone.webhook');
    await define('alone', 'alone.webhook');
    expect(await turn(dry, 'alone')).toMatchObject({ failure: 'no_staged_version' });
    await define('alone', SLOT);
    expect(await turn(dry)).toMatchObject({ failure: 'slot_shared' });
    await define('alone', 'alone.webhook', { ref: 'file:/nowhere/secret' });
    expect(await turn(dry, 'alone')).toMatchObject({ failure: 'not_a_slot' });
  });
});
