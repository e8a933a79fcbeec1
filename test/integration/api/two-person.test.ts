import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Principal } from '../../../api/auth/principal.ts';
import { rows } from '../../../db/client.ts';
import { currentLog } from '../../../db/command/sequence-entries.ts';
import { register } from '../../support/adapters.ts';
import { eventually } from '../../support/eventually.ts';
import { startSequencers } from '../../support/log.ts';
import { startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

const digest = (token: string) => createHash('sha256').update(token).digest('hex');
const owner = (token: string, actor: string): [string, Principal] => [
  digest(token),
  { actor, roles: ['security_owner'], workspace_id: 'default' },
];
/** Anna has two tokens, and is one person. */
const TOKENS = new Map([
  owner('anna-1', 'anna'),
  owner('anna-2', 'anna'),
  owner('bert', 'bert'),
  owner('carl', 'carl'),
]);

let api: ApiUnderTest;
let alone: ApiUnderTest;
let sequencers: { stop: () => Promise<void> };
let origin: string;
beforeAll(async () => {
  api = await startApi({ auth: { loopbackTrust: false, tokens: async () => TOKENS } });
  alone = await startApi({ databaseUrl: api.databaseUrl });
  sequencers = startSequencers(api);
  origin = await eventually(async () => (await currentLog(api.db))?.origin);
  // Without the engine nobody replaces a node; what is granted for it stands all the same.
  api.engine.replace = alone.engine.replace = async () => ({ kind: 'accepted', result: {} });
});
afterAll(async () => {
  await sequencers?.stop();
  await alone?.close();
  await api?.close();
});
beforeEach(async () => {
  for (const table of ['two_person_requests', 'attestation_nodes', 'adapter_targets', 'adapters'])
    await api.db.query(`DELETE FROM ${table}`);
  for (const node of ['n1', 'n2'])
    await api.db.query(
      `INSERT INTO attestation_nodes (workspace_id, node, state, ek_public, ek_trust, ak_public, ak_name, enrolled_at,
          reboot_pending, missed_quotes, last_passed, last_result_at, last_pass_at, version, actor)
        VALUES ('system', $1, 'enrolled', '', 'simulated', '', '', now(), false, 0, true, now(), now(), 1, 'test')`,
      [node],
    );
  await register(api.db, { name: 'fw', url: 'http://127.0.0.1:9/', ref: 'file:/none', actions: ['disable_tool'] });
});

/** Everything that takes two people: where it is asked for, about which object, and who the answer says it was. */
const ACTIONS = [
  { path: '/v1/adapters/fw/retire', object: () => 'fw', body: {}, named: 'retired_by' },
  { path: '/v1/attestation/retire', object: () => 'n1', body: { node: 'n1' }, named: 'retired_by' },
  { path: '/v1/attestation/enroll', object: () => 'n1', body: { node: 'n1', replace: true }, named: 'replaced_by' },
  { path: '/v1/restore/promote', object: () => origin, body: {}, named: 'promoted_by' },
] as const;

const bodyOf = ({ path, body, object }: (typeof ACTIONS)[number], more: object = {}) => ({
  reason: 'it is gone',
  ...body,
  ...(path.endsWith('promote') ? { origin: object() } : {}),
  ...more,
});
async function ask(action: (typeof ACTIONS)[number], token: string | null, more: object = {}, headers = {}) {
  const on = token === null ? alone : api;
  const authorization: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
  const response = await on.post(action.path, bodyOf(action, more), { ...authorization, ...headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
const requests = () =>
  rows<{ actor: string; granted_by: string | null; single_operator: boolean }>(
    api.db,
    'SELECT actor, granted_by, single_operator FROM two_person_requests ORDER BY requested_at',
  );
const waits = { status: 202, body: { status: 'second_person_required' } };

describe.each(ACTIONS)('$path', (action) => {
  it('takes another person, not another token, name or repeat of the same', async () => {
    expect(await ask(action, 'anna-1')).toEqual(waits);
    expect(await ask(action, 'anna-2')).toEqual(waits);
    expect(await ask(action, 'anna-1')).toEqual(waits);
    expect(await ask(action, 'anna-2', {}, { 'X-Interlock-On-Behalf-Of': 'bert' })).toEqual(waits);
    expect(await ask(action, 'anna-1', { confirm: action.object() })).toEqual(waits);
    expect(await requests()).toEqual([{ actor: 'anna', granted_by: null, single_operator: false }]);
    const done = await ask(action, 'bert');
    expect(done).toMatchObject({ status: 200, body: { [action.named]: ['anna', 'bert'], single_operator: false } });
    expect(await requests()).toEqual([{ actor: 'anna', granted_by: 'bert', single_operator: false }]);
  });

  it('is two whichever of many come at once', async () => {
    const tokens = ['anna-1', 'bert', 'anna-2', 'carl'];
    const answers = await Promise.all(tokens.map((token) => ask(action, token)));
    const [granted] = answers.filter((a) => a.status === 200);
    const by = granted?.body[action.named] as string[];
    expect(new Set(by).size).toBe(2);
    for (const { actor, granted_by } of await requests()) expect(granted_by).not.toBe(actor);
  });

  it('does not go on with a request that was given up', async () => {
    await ask(action, 'anna-1');
    await api.db.query(`UPDATE two_person_requests SET expires_at = now() - interval '1 second'`);
    expect(await ask(action, 'bert')).toEqual(waits);
  });

  it('takes the name, typed, where one person is all there is, and says so for ever', async () => {
    const refused = { status: 409, body: { code: 'confirmation_required' } };
    expect(await ask(action, null)).toMatchObject(refused);
    expect(await ask(action, null, { confirm: 'yes' })).toMatchObject(refused);
    expect(await requests()).toEqual([]);
    const done = await ask(action, null, { confirm: action.object() });
    expect(done).toMatchObject({ status: 200, body: { [action.named]: ['local-operator'], single_operator: true } });
    expect(await requests()).toEqual([
      { actor: 'local-operator', granted_by: 'local-operator', single_operator: true },
    ]);
    const [entry] = await rows<{ detail: string }>(
      api.db,
      `SELECT detail FROM ledger_entries WHERE action = 'second_person_requested' ORDER BY entry_id DESC LIMIT 1`,
    );
    expect(JSON.parse(entry?.detail ?? '')).toEqual({ single_operator: true });
  });
});
