import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import { recordReports } from '../../../db/command/intake.ts';
import { startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';
import { requestOf } from '../../support/record.ts';

let api: ApiUnderTest;
let id = '';
beforeAll(async () => {
  api = await startApi();
  const [reply] = await recordReports(api.db, [requestOf('unauthorized_access')]);
  if (!reply?.ok) throw new Error('refused');
  id = reply.incident.id;
});
afterAll(() => api?.close());

interface Shown {
  name: string;
  digest: string;
  state: string;
  steps: { id: string; taken: { outcome: string; n: number; by: string } | null }[];
}
const shown = async (): Promise<Shown> => {
  const all = (await (await api.get(`/v1/incidents/${id}/checklists`)).json()) as Shown[];
  return all.find((c) => c.name === 'leaked-admin-token')!;
};
const take = async (step: string, body: object, headers: Record<string, string> = {}) => {
  const answer = await api.post(`/v1/incidents/${id}/checklists/leaked-admin-token/${step}`, body, headers);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

describe('a checklist in an incident', () => {
  it('S1-115 records each step with who took it and when, the last one counts, and the ledger has every one', async () => {
    const { digest, state } = await shown();
    expect(state).toBe('untouched');
    const output_sha256 = 'a'.repeat(64);
    const failed = { digest, outcome: 'failed', note: 'not as expected', exit_code: 1, output_sha256 };
    expect(await take('rotate', failed)).toMatchObject({ status: 201, body: { n: 1, outcome: 'failed' } });
    expect(await take('rotate', { digest, outcome: 'done', exit_code: 0 })).toMatchObject({
      status: 201,
      body: { n: 2 },
    });
    expect((await shown()).steps[0]?.taken).toMatchObject({ outcome: 'done', n: 2, by: 'local-operator' });
    for (const { id: step } of (await shown()).steps.slice(1))
      await take(step, { digest, outcome: 'skipped', note: 'drill' });
    expect((await shown()).state).toBe('done');
    const entries = await rows<{ detail: string }>(
      api.db,
      `SELECT detail FROM ledger_entries WHERE action = 'checklist_step' AND object = $1 ORDER BY entry_id`,
      [`incident/${id}`],
    );
    expect(entries.length).toBe(1 + (await shown()).steps.length);
    expect(JSON.parse(entries[0]!.detail)).toMatchObject({
      step: 'rotate',
      outcome: 'failed',
      exit_code: 1,
      output_sha256,
    });
    expect(entries.some(({ detail }) => detail.includes('not as expected'))).toBe(false);
  });

  it('is refused without a reason for what is not done, of another text than was read, and for what there is not', async () => {
    const { digest } = await shown();
    expect(await take('status', { digest, outcome: 'failed' })).toMatchObject({ status: 400 });
    expect(await take('status', { digest: 'b'.repeat(64), outcome: 'done' })).toMatchObject({
      status: 409,
      body: { code: 'checklist_changed' },
    });
    expect((await take('nothing', { digest, outcome: 'done' })).status).toBe(404);
    expect((await api.get('/v1/incidents/INC-20260101-000000-0001/checklists')).status).toBe(404);
  });

  it('is recorded once under its key', async () => {
    const { digest } = await shown();
    const key = { 'Idempotency-Key': 'walked-once' };
    const first = await take('doctor', { digest, outcome: 'done' }, key);
    expect(await take('doctor', { digest, outcome: 'done' }, key)).toEqual(first);
    expect((await take('doctor', { digest, outcome: 'failed', note: 'x' }, key)).body['code']).toBe(
      'idempotency_key_reused',
    );
  });
});
