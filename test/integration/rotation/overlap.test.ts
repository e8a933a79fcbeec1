import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadUpstreams } from '../../../db/command/upstreams.ts';
import { requestRotation } from '../../../db/command/request-rotation.ts';
import { getRotation } from '../../../db/read/rotations.ts';
import { showSlot } from '../../../db/read/secrets.ts';
import { parseUpstreams } from '../../../domain/upstream/definition.ts';
import { freshKey } from '../../support/adapters.ts';
import { eventually } from '../../support/eventually.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { freshMasterKey, set } from '../../support/secrets.ts';
import { startServer } from '../../support/upstreams.ts';
import type { TestServer } from '../../support/upstreams.ts';

const master = freshMasterKey();
const [OLD, NEW] = ['the old key of the provider', 'the new key of the provider'];
const taken = new Set([OLD, NEW]);
let on: TestProcesses;
let provider: TestServer;
beforeAll(async () => {
  on = await startProcesses({ control: { masterKey: master } });
  provider = await startServer((req, res) => {
    res.writeHead(taken.has((req.headers.authorization ?? '').replace('Bearer ', '')) ? 200 : 401).end();
  });
  const model = { name: 'model', kind: 'provider', url: provider.url, internal: true, auth_ref: 'slot:model.key' };
  const readiness = { authenticated: true };
  await loadUpstreams(on.db, parseUpstreams({ version: 1, upstreams: [{ ...model, readiness }] }), 'test');
});
afterAll(async () => {
  await on?.close();
  await provider?.close();
});

describe('tokenRotation', () => {
  it('S1-87 waits for the overlap by a timer of the engine, with both keys in force, and goes on by itself', async () => {
    const secrets = { db: on.db, masterKey: () => master };
    await set(secrets, 'model.key', OLD, { class: 'control' });
    await set(secrets, 'model.key', NEW, { staged: true });
    const by = { workspace_id: 'default', actor: 'owner@org', on_behalf_of: null };
    const asked = { row: 'upstream_key', subject: 'model', reason: 'due', ticket: null } as const;
    const how = { overlap_seconds: 10, compromised: false, dry_run: false, key: freshKey() };
    const opened = await requestRotation(on.db, by, { ...asked, ...how });
    if (!opened.ok) throw new Error(opened.code);
    const now = async () => (await getRotation(on.db, 'default', opened.rotation_id))!;
    await eventually(async () => (await now()).step === 'overlap');
    expect(await showSlot(on.db, 'default', 'model.key')).toMatchObject({ version: 2, previous_version: 1 });
    taken.delete(OLD);
    await eventually(async () => (await now()).finished_at !== null);
    expect(await now()).toMatchObject({ state: 'completed', failure: null });
    const { events } = await on.client.workflow.getHandle(`rotation/${opened.rotation_id}`).fetchHistory();
    expect(events?.some((event) => event.timerFiredEventAttributes != null)).toBe(true);
    expect(JSON.stringify(events)).not.toMatch(/the (old|new) key/);
  });
});
