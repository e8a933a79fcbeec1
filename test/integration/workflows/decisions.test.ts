import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import { decide, refusal } from '../../support/decisions.ts';
import { eventually } from '../../support/eventually.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { reportIncident } from '../../support/record.ts';

let on: TestProcesses;

beforeAll(async () => {
  on = await startProcesses({ dynamicConfig: ['limit.historyCount.suggestContinueAsNew=60'] });
});
afterAll(() => on?.close());

const ceremonyOf = async (cls: 'manifest_mismatch' | 'attestation_failure') => {
  const { id } = await reportIncident(on.db, cls);
  await on.running(`recovery/${id}`);
  return { id, ceremony: `recovery/${id}` };
};
const taken = (id: string) =>
  rows<{ decision_id: string; kind: string; outcome: string }>(
    on.db,
    'SELECT decision_id, kind, outcome FROM decisions WHERE aggregate = $1 ORDER BY at, decision_id',
    [`incident/${id}`],
  );

describe('decisions that arrive together', () => {
  it('are judged one after the other, each by its own transaction', async () => {
    const { id, ceremony } = await ceremonyOf('manifest_mismatch');
    const acks = ['a', 'b', 'c', 'd'].map((who) => decide(on.client, ceremony, 'ack', { operator: who }, `ack-${who}`));
    await Promise.all(acks);
    const list = await taken(id);
    expect(list.map((d) => d.decision_id).sort()).toEqual(['ack-a', 'ack-b', 'ack-c', 'ack-d']);
    expect(list.every((d) => d.outcome === '{"ok":true}')).toBe(true);
    await decide(on.client, ceremony, 'resolve');
  });

  it('ack and resolve sent at once end in one resolution or one refusal, never in between', async () => {
    const { id, ceremony } = await ceremonyOf('manifest_mismatch');
    const [ack, resolve] = await Promise.allSettled([
      decide(on.client, ceremony, 'ack', { operator: 'me' }),
      decide(on.client, ceremony, 'resolve'),
    ]);
    expect(ack.status).toBe('fulfilled');
    const refused = resolve.status === 'rejected';
    const states = await rows<{ state: string }>(on.db, 'SELECT state FROM incidents WHERE id = $1', [id]);
    expect(states[0]?.state).toBe(refused ? 'contained' : 'resolved');
  });

  it('a repeated id is answered from the record, another request under it is refused', async () => {
    const { id, ceremony } = await ceremonyOf('manifest_mismatch');
    await decide(on.client, ceremony, 'ack', { operator: 'me' }, 'one');
    const handle = on.client.workflow.getHandle(ceremony);
    await handle.signal('ack', { operator: 'me', decision_id: 'two' });
    await eventually(async () => (await taken(id)).length === 2);
    await handle.signal('ack', { operator: 'other', decision_id: 'two' });
    await decide(on.client, ceremony, 'resolve');
    expect(
      (await taken(id))
        .map((d) => d.decision_id)
        .sort()
        .slice(-2),
    ).toContain('two');
    const acks = await rows(on.db, `SELECT 1 FROM acknowledgements WHERE incident_id = $1`, [id]);
    expect(acks).toHaveLength(1);
  });
});

describe('what is malformed', () => {
  it.each([
    ['ack', { operator: '' }],
    ['ack', { operator: 7 }],
    ['ack', { operator: 'x'.repeat(257) }],
    ['ack', { operator: 'me', containment_binding: {} }],
    ['ack', { operator: 'a\u0000b' }],
  ])('an update %s %j is refused before it is on the record', async (name, input) => {
    const { id, ceremony } = await ceremonyOf('manifest_mismatch');
    expect((await refusal(decide(on.client, ceremony, name, input))).type).toBe('malformed');
    expect(await taken(id)).toEqual([]);
  });

  it('as a signal is ignored, and the ceremony goes on', async () => {
    const { id, ceremony } = await ceremonyOf('manifest_mismatch');
    const handle = on.client.workflow.getHandle(ceremony);
    for (const input of [undefined, null, 'ack', { operator: [] }, { operator: 'me', decision_id: 7 }])
      await handle.signal('ack', ...(input === undefined ? [] : [input]));
    await handle.signal('no-such-decision', {});
    await decide(on.client, ceremony, 'ack', { operator: 'me' }, 'after');
    expect((await taken(id)).map((d) => d.decision_id)).toEqual(['after']);
  });
});

describe('a ceremony with a long history', () => {
  it('continues as new between decisions and loses none', async () => {
    const { id, ceremony } = await ceremonyOf('manifest_mismatch');
    const first = await on.running(ceremony);
    const total = 30;
    for (let batch = 0; batch < total / 3; batch += 1) {
      const ids = [0, 1, 2].map((i) => `ack-${batch * 3 + i}`);
      await Promise.all(ids.map((key) => decide(on.client, ceremony, 'ack', { operator: key }, key)));
    }
    expect(await taken(id)).toHaveLength(total);
    const last = await on.running(ceremony);
    expect(last).not.toBe(first);
    const before = await on.client.workflow.getHandle(ceremony, first).describe();
    expect(before.status.name).toBe('CONTINUED_AS_NEW');
    expect(await on.attributes(ceremony)).toMatchObject({ Workspace: 'default', AwaitingRole: 'operator' });
    await decide(on.client, ceremony, 'resolve');
    await on.client.workflow.getHandle(ceremony).result();
  });
});

describe('re-attestation of a node whose attester is not there', () => {
  it('is refused with attester_unreachable, on the record, and the latch stays', async () => {
    await on.db.query(`INSERT INTO attestation_nodes
      (workspace_id, node, state, ek_public, ek_trust, ak_public, ak_name, enrolled_at, reboot_pending, missed_quotes, version, actor)
      VALUES ('system', 'absent', 'enrolled', '', 'simulated', '', '', now(), false, 0, 1, 'test')`);
    const { id, ceremony } = await ceremonyOf('attestation_failure');
    expect((await refusal(decide(on.client, ceremony, 'reattest', {}, 'no-attester'))).type).toBe(
      'attester_unreachable',
    );
    expect(await taken(id)).toEqual([
      expect.objectContaining({ decision_id: 'no-attester', outcome: '{"code":"attester_unreachable","ok":false}' }),
    ]);
    const [row] = await rows<{ re_attested_at: string | null }>(
      on.db,
      'SELECT re_attested_at FROM incidents WHERE id = $1',
      [id],
    );
    expect(row?.re_attested_at).toBeNull();
  });
});
