import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDeliveryActivities } from '../../../activities/deliveries/create-delivery-activities.ts';
import { one, rows } from '../../../db/client.ts';
import { beginDelivery, lookAfterDelivery, retryDelivery, settleDelivery } from '../../../db/command/deliveries.ts';
import type { Exchange } from '../../../db/capture-point.ts';
import { queueDeliveries } from '../../../db/command/queue-deliveries.ts';
import { findDelivery, listDeliveries } from '../../../db/read/deliveries.ts';
import type { DeliveryState } from '../../../domain/hook/delivery.ts';
import { pauseAfter } from '../../../domain/hook/delivery.ts';
import { deliveryPort } from '../../../workers/delivery-port.ts';
import type { Captures } from '../../../workers/upstreams/hear.ts';
import { freshKey } from '../../support/adapters.ts';
import { eventually } from '../../support/eventually.ts';
import { startHook } from '../../support/hook-server.ts';
import type { TestHook } from '../../support/hook-server.ts';
import { hookOf, useHooks } from '../../support/hooks.ts';
import { startProcesses } from '../../support/processes.ts';
import { openRecord, OPERATOR, reportIncident } from '../../support/record.ts';
import { freshMasterKey, set } from '../../support/secrets.ts';

const SECRET = 'what the notifier knows us by';
const REF = 'slot:notifier.key';
const WORKSPACE = OPERATOR.workspace_id;

let record: Awaited<ReturnType<typeof openRecord>>;
let hook: TestHook;
const master = freshMasterKey();
const masterKey = () => master;
beforeAll(async () => {
  record = await openRecord();
  await set({ db: record.db, masterKey }, 'notifier.key', SECRET, { class: 'control' });
});
afterAll(() => record?.close());
beforeEach(async () => {
  hook = await startHook(SECRET);
});
afterEach(async () => {
  await hook.close();
  await record.db.query('DELETE FROM deliveries');
});

const all = (state?: DeliveryState) => listDeliveries(record.db, WORKSPACE, { state, after: undefined, limit: 100 });
const alert = () => reportIncident(record.db, 'unauthorized_access', { evidence: { subject: 'agent:told' } });

/** One attempt of each delivery that is due, as its process makes it. */
async function attempt(captures?: Captures): Promise<void> {
  const activities = createDeliveryActivities(deliveryPort({ db: record.db, masterKey }, captures));
  for (const { delivery_id } of await all('pending')) {
    const of = { workspace_id: WORKSPACE, delivery_id };
    if ((await activities.lookAfterDelivery(of)).due) await activities.sendDelivery(of);
  }
}
const rush = () => record.db.query('UPDATE deliveries SET next_attempt_at = now()');

describe('an operator alert', () => {
  it('goes to each hook that asks for it, once and signed, while the airlock is closed', async () => {
    const { db } = record;
    await useHooks(
      db,
      hookOf('pager', hook.url, REF),
      hookOf('pages-only', hook.url, REF, { events: ['page'] }),
      hookOf('archive', hook.url, REF, { min_severity: 'critical' }),
    );
    await reportIncident(db, 'integrity_violation');
    const incident = await alert();
    expect(await one(db, `SELECT 1 FROM holds WHERE gate = 'airlock' AND released_at IS NULL`)).toBeDefined();
    expect(await queueDeliveries(db)).toBeGreaterThan(0);
    expect(await queueDeliveries(db)).toBe(0);
    await attempt();
    const told = hook.received.filter(({ body }) => body.data['incident_id'] === incident.id);
    expect(told).toMatchObject([
      { signed: true, body: { type: 'operator.alert', data: { severity: 'critical', workspace: WORKSPACE } } },
      { signed: true },
    ]);
    expect((await all()).map((d) => d.hook).sort()).toEqual(['archive', 'pager']);
    expect((await all('delivered')).length).toBe(2);
    const [delivery] = await all();
    const of = { workspace_id: WORKSPACE, delivery_id: delivery?.delivery_id ?? '' };
    expect(await lookAfterDelivery(db, of)).toMatchObject({ over: true });
    const actions = await rows<{ action: string }>(
      db,
      'SELECT action FROM ledger_entries WHERE object = $1 ORDER BY entry_id',
      [`delivery/${of.delivery_id}`],
    );
    expect(actions.map((a) => a.action)).toEqual(['delivery_queued', 'delivery_taken']);
  });

  it('is offered to a capture window with what the hook said, without the path that its credential may be in', async () => {
    await useHooks(record.db, hookOf('pager', hook.url, REF));
    const { id } = await alert();
    await queueDeliveries(record.db);
    const seen: Exchange[] = [];
    hook.status = 503;
    await attempt({ watches: (of) => of === WORKSPACE, offer: (exchange) => void seen.push(exchange) });
    expect(seen).toMatchObject([
      {
        source: 'upstream',
        path_template: 'hook/pager',
        target: new URL(hook.url).origin,
        status: 503,
        failure: 'refused',
      },
    ]);
    expect(seen[0]?.request().value).toMatchObject({ data: { incident_id: id } });
    expect(JSON.stringify(seen)).not.toContain(SECRET);
    await rush();
    await attempt({ watches: () => false, offer: (exchange) => void seen.push(exchange) });
    expect(seen).toHaveLength(1);
  });

  it('is sent again until it is taken, with one id', async () => {
    await useHooks(record.db, hookOf('pager', hook.url, REF));
    await alert();
    await queueDeliveries(record.db);
    for (const [status, code] of [
      [503, 'refused'],
      [302, 'redirected'],
    ] as const) {
      hook.status = status;
      await attempt();
      expect(await all('pending')).toMatchObject([{ last_error: code }]);
      // Not before its pause is over, however long this machine takes.
      await record.db.query(`UPDATE deliveries SET next_attempt_at = next_attempt_at + interval '1 hour'`);
      await attempt();
      await rush();
    }
    hook.status = 204;
    await attempt();
    expect(hook.received).toHaveLength(3);
    expect(new Set(hook.received.map((r) => r.id)).size).toBe(1);
    expect(await all()).toMatchObject([{ state: 'delivered', attempts: 3, last_error: null }]);
  });

  it('is as its last attempt left it, whatever an earlier one comes back with, and is over when it was taken', async () => {
    const { db } = record;
    await useHooks(db, hookOf('pager', hook.url, REF));
    await alert();
    await queueDeliveries(db);
    const of = { workspace_id: WORKSPACE, delivery_id: (await all())[0]?.delivery_id ?? '' };
    expect(await beginDelivery(db, of)).toMatchObject({ attempt: 1 });
    expect(await lookAfterDelivery(db, of)).toMatchObject({ over: false, due: false });
    expect(await beginDelivery(db, of)).toMatchObject({ attempt: 2 });
    await settleDelivery(db, of, 1, { ok: true });
    expect(await all()).toMatchObject([{ state: 'pending' }]);
    await settleDelivery(db, of, 2, { ok: true });
    expect(await all()).toMatchObject([{ state: 'delivered' }]);
    await settleDelivery(db, of, 2, { ok: false, code: 'refused' });
    expect(await beginDelivery(db, of)).toBeNull();
    expect(await all()).toMatchObject([{ state: 'delivered', attempts: 2, last_error: null }]);
  });

  it('that is never taken is dead, and goes out when an operator has it sent again', async () => {
    await useHooks(record.db, hookOf('pager', hook.url, REF));
    await alert();
    await queueDeliveries(record.db);
    hook.status = 500;
    const { delivery_id = '' } = (await all())[0] ?? {};
    const retry = () => retryDelivery(record.db, OPERATOR, { delivery_id, key: freshKey() });
    expect(await retry()).toMatchObject({ ok: false, code: 'delivery_not_dead' });
    await record.db.query('UPDATE deliveries SET attempts = 19');
    await attempt();
    expect(await all()).toMatchObject([{ state: 'dead', attempts: 20, last_error: 'refused' }]);
    await rush();
    await attempt();
    expect(hook.received).toHaveLength(1);
    hook.status = 200;
    expect(await retry()).toEqual({ ok: true });
    await attempt();
    expect(await all()).toMatchObject([{ state: 'delivered', attempts: 1 }]);
    const missing = { delivery_id: 'DLV-none', key: freshKey() };
    expect(await retryDelivery(record.db, OPERATOR, missing)).toMatchObject({ ok: false, code: 'delivery_not_found' });
  });

  it('S1-108 does not go to a hook that was taken out of the set, and goes where the set says now', async () => {
    const elsewhere = await startHook(SECRET);
    try {
      await useHooks(record.db, hookOf('risky', hook.url, REF), hookOf('moved', hook.url, REF));
      await alert();
      await queueDeliveries(record.db);
      await useHooks(record.db, hookOf('moved', elsewhere.url, REF));
      await attempt();
      expect(hook.received).toEqual([]);
      expect(elsewhere.received).toHaveLength(1);
      expect(await all('dead')).toMatchObject([{ hook: 'risky', last_error: 'hook_removed' }]);
    } finally {
      await elsewhere.close();
    }
  });

  it('reaches no private address unless its hook is marked internal, and is not sent unsigned', async () => {
    await useHooks(
      record.db,
      hookOf('outside', hook.url, REF, { internal: false }),
      hookOf('keyless', hook.url, 'slot:no.such'),
    );
    await alert();
    await queueDeliveries(record.db);
    await attempt();
    expect(hook.received).toEqual([]);
    const errors = Object.fromEntries((await all()).map((d) => [d.hook, d.last_error]));
    expect(errors).toEqual({ outside: 'address_refused', keyless: 'secret_unavailable' });
  });

  it('is of its workspace, listed page by page', async () => {
    await useHooks(record.db, ...[1, 2, 3].map((n) => hookOf(`hook-${n}`, hook.url, REF)));
    await alert();
    await queueDeliveries(record.db);
    const [first, second] = await all();
    expect(await findDelivery(record.db, 'other', first?.delivery_id ?? '')).toBeUndefined();
    const after = { created_at: first?.created_at ?? '', id: first?.delivery_id ?? '' };
    const page = await listDeliveries(record.db, WORKSPACE, { state: 'pending', after, limit: 1 });
    expect(page).toEqual([second]);
  });
});

it('pauses between attempts grow to five minutes, and end', () => {
  const pauses = [1, 2, 3, 9, 10, 19, 20].map((n) => pauseAfter(n, 'refused'));
  expect(pauses).toEqual([1000, 2000, 4000, 256_000, 300_000, 300_000, null]);
  expect(pauseAfter(1, 'hook_removed')).toBeNull();
});

it('the process of a delivery sends it again by itself until it is taken', async () => {
  const processes = await startProcesses();
  const receiver = await startHook(SECRET);
  process.env['DELIVERY_SECRET'] = SECRET;
  try {
    await useHooks(processes.db, hookOf('pager', receiver.url, 'env:DELIVERY_SECRET'));
    receiver.status = 503;
    await reportIncident(processes.db, 'unauthorized_access');
    await eventually(async () => receiver.received.length >= 2);
    receiver.status = 200;
    const state = async () => (await one<{ state: string }>(processes.db, 'SELECT state FROM deliveries'))?.state;
    await eventually(async () => (await state()) === 'delivered');
    await eventually(
      async () =>
        (await one(processes.db, `SELECT 1 FROM process WHERE type = 'delivery' AND over_at IS NOT NULL`)) !==
        undefined,
    );
    expect(receiver.received.every(({ signed }) => signed)).toBe(true);
  } finally {
    delete process.env['DELIVERY_SECRET'];
    await receiver.close();
    await processes.close();
  }
});
