import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { incidentView } from '../../../domain/incident/record.ts';
import type { Database } from '../../../db/client.ts';
import { rows } from '../../../db/client.ts';
import { recordReports } from '../../../db/command/intake.ts';
import { openRecord, reportIncident, requestOf } from '../../support/record.ts';

let db: Database;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await openRecord());
});
afterAll(() => close());

const workspace = () => ({ workspace_id: `w-${crypto.randomUUID()}` });
const standing = (workspace_id: string) =>
  rows<{ gate: string; target: string }>(
    db,
    'SELECT gate, target FROM holds WHERE workspace_id = $1 AND released_at IS NULL ORDER BY gate, target',
    [workspace_id],
  );

describe('intake', () => {
  it('S4-02 S4-11 a report is contained, its holds stand and its entries are written when it returns', async () => {
    const w = workspace();
    const [reply] = await recordReports(db, [
      requestOf('attestation_failure', { evidence: { subject: 'agent:7' } }, w),
    ]);
    expect(reply).toMatchObject({ ok: true, status: 201, incident: { state: 'contained', severity: 'critical' } });
    expect(await standing(w.workspace_id)).toEqual([
      { gate: 'agent', target: 'agent:7' },
      { gate: 'airlock', target: '*' },
      { gate: 'vault', target: '*' },
    ]);
    const entries = await rows<{ action: string; record_hash: string }>(
      db,
      'SELECT action, record_hash FROM ledger_entries WHERE workspace_id = $1 ORDER BY entry_id',
      [w.workspace_id],
    );
    expect(entries.map((e) => e.action)).toEqual(['incident_reported', 'holds_placed']);
    const incident = reply?.ok ? reply.incident : undefined;
    expect(new Set(entries.map((e) => e.record_hash))).toEqual(new Set([incident?.hash]));
  });

  it('S4-10 an incident whose only action is an alert stays open and raises one', async () => {
    const w = workspace();
    const [reply] = await recordReports(db, [requestOf('forbidden_airlock_request', {}, w)]);
    expect(reply).toMatchObject({ ok: true, incident: { state: 'open' } });
    expect(await standing(w.workspace_id)).toEqual([]);
    const alerts = await rows(db, 'SELECT kind FROM notifications WHERE workspace_id = $1', [w.workspace_id]);
    expect(alerts).toEqual([{ kind: 'alert' }]);
  });

  it.each([
    ['S4-45 the third within its window', 'prompt_injection', 3, 'critical'],
    ['S4-46 the fifth within its window', 'tool_call_burst', 5, 'high'],
    ['S4-47 the second within its window', 'policy_bypass_attempt', 2, 'critical'],
    ['S4-48 the fifth within its window', 'forbidden_airlock_request', 5, 'high'],
    ['S4-49 the third within its window', 'model_behavior_anomaly', 3, 'critical'],
  ] as const)(
    '%s %s: the crossing report and the open incidents of the window are raised',
    async (_row, cls, count, severity) => {
      const w = workspace();
      const [first, second] = [requestOf(cls, {}, w), requestOf(cls, {}, w)];
      await recordReports(db, [first]);
      await recordReports(
        db,
        Array.from({ length: count - 2 }, () => second),
      );
      const before = await rows<{ severity: string }>(db, 'SELECT severity FROM incidents WHERE workspace_id = $1', [
        w.workspace_id,
      ]);
      expect(before.every((i) => i.severity !== severity)).toBe(true);
      const [crossing] = await recordReports(db, [requestOf(cls, {}, w)]);
      expect(crossing).toMatchObject({ ok: true, status: 201, incident: { severity } });
      const after = await rows<{ severity: string; state: string }>(
        db,
        'SELECT severity, state FROM incidents WHERE workspace_id = $1',
        [w.workspace_id],
      );
      expect(after).toHaveLength(count);
      expect(after.every((i) => i.severity === severity && i.state === 'contained')).toBe(true);
    },
  );

  it('S4-45 two concurrent batches never both miss the crossing', async () => {
    for (let round = 0; round < 8; round++) {
      const w = workspace();
      const one = () => recordReports(db, [requestOf('prompt_injection', {}, w)]);
      await one();
      await Promise.all([one(), one()]);
      const raised = await rows(db, `SELECT 1 FROM incidents WHERE workspace_id = $1 AND severity = 'critical'`, [
        w.workspace_id,
      ]);
      expect(raised).toHaveLength(3);
    }
  });

  it('a repeated dedup_key folds into the open incident, in one batch and across batches', async () => {
    const w = workspace();
    const same = requestOf('unauthorized_access', { dedup_key: 'k' }, w);
    const replies = await recordReports(db, [same, same]);
    expect(replies.map((r) => r.ok && r.status)).toEqual([201, 200]);
    const [third] = await recordReports(db, [same]);
    expect(third).toMatchObject({ ok: true, status: 200, incident: { occurrences: 3, folded_by: 'dedup' } });
  });

  it('from the flood limit on, reports of one class, source and target fold into the newest', async () => {
    const w = workspace();
    const flood = () => requestOf('unauthorized_access', {}, w);
    const first = await recordReports(db, Array.from({ length: 100 }, flood));
    expect(first.every((r) => r.ok && r.status === 201)).toBe(true);
    const [next] = await recordReports(db, [flood()]);
    const newest = first.at(-1);
    expect(next).toMatchObject({ ok: true, status: 200, incident: { folded_by: 'flood', occurrences: 2 } });
    expect(next?.ok && newest?.ok && next.incident.id === newest.incident.id).toBe(true);
    const [other] = await recordReports(db, [requestOf('unauthorized_access', { source: 'elsewhere' }, w)]);
    expect(other).toMatchObject({ ok: true, status: 201 });
  });

  it('a flood of reports that escalate folds as well, though the rise in severity closes more for them', async () => {
    const w = workspace();
    const evidence = { subject: 'agent:a', model_path: '/models/a' };
    const flood = () => requestOf('model_behavior_anomaly', { evidence }, w);
    await recordReports(db, Array.from({ length: 102 }, flood));
    const [next] = await recordReports(db, [flood()]);
    expect(next).toMatchObject({ ok: true, status: 200, incident: { folded_by: 'flood', severity: 'critical' } });
  });

  it('a report whose targets are as long as they may be costs nobody else theirs', async () => {
    const w = workspace();
    const wide = (n: number) =>
      Array.from({ length: n }, (_, i) => String.fromCharCode(0x4e00 + ((i * 7919) % 20_000))).join('');
    const evidence = { subject: wide(256), model_path: wide(341) };
    const long = requestOf('manifest_mismatch', { source: wide(256), dedup_key: wide(256), evidence }, w);
    const over = requestOf('manifest_mismatch', { evidence: { ...evidence, model_path: wide(1024) } }, w);
    const replies = await recordReports(db, [requestOf('tool_call_burst', {}, w), long, over]);
    expect(replies).toMatchObject([{ ok: true }, { ok: true }, { ok: true, incident: { marks: ['target_missing'] } }]);
    expect(await standing(w.workspace_id)).toContainEqual({ gate: 'model', target: '*' });
  });

  it('a retry with its key is the same incident; the same key with another body is refused', async () => {
    const w = workspace();
    const key = { decision_id: 'retry-1', request_digest: 'a' };
    const request = requestOf('attestation_failure', {}, { ...w, key });
    const [a, b] = await recordReports(db, [request, request]);
    const [c] = await recordReports(db, [request]);
    const ids = [a, b, c].map((r) => r?.ok && r.incident.id);
    expect(new Set(ids).size).toBe(1);
    const [reused] = await recordReports(db, [{ ...request, key: { ...key, request_digest: 'b' } }]);
    expect(reused).toEqual({ ok: false, code: 'idempotency_key_reused' });
    const racing = requestOf('attestation_failure', {}, { ...w, key: { decision_id: 'retry-2', request_digest: 'a' } });
    const raced = await Promise.all(Array.from({ length: 6 }, () => recordReports(db, [racing])));
    expect(new Set(raced.map(([r]) => r?.ok && r.incident.id)).size).toBe(1);
  });

  it('one row that the database refuses costs only its own report', async () => {
    const w = workspace();
    const batch = Array.from({ length: 8 }, () => requestOf('attestation_failure', {}, w));
    const poisoned = requestOf('attestation_failure', { description: 'a\u0000b' }, w);
    const replies = await recordReports(db, [...batch.slice(0, 3), poisoned, ...batch.slice(3)]);
    expect(replies.map((r) => r.ok)).toEqual([true, true, true, false, true, true, true, true, true]);
    expect(replies[3]).toEqual({ ok: false, code: 'unrepresentable' });
  });

  it('S4-51 S4-52 counters equal what is counted', async () => {
    const w = workspace();
    await recordReports(
      db,
      (['prompt_injection', 'prompt_injection', 'prompt_injection', 'forbidden_airlock_request'] as const).map((c) =>
        requestOf(c, {}, w),
      ),
    );
    const counted = await rows(
      db,
      'SELECT class, severity, state, count(*) AS n FROM incidents WHERE workspace_id = $1 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3',
      [w.workspace_id],
    );
    const counters = await rows(
      db,
      'SELECT class, severity, state, n FROM incident_counters WHERE workspace_id = $1 AND n <> 0 ORDER BY 1, 2, 3',
      [w.workspace_id],
    );
    expect(counters).toEqual(counted);
  });

  it('S4-19 ids carry UTC and a number that is never reused, also after a batch that failed', async () => {
    const a = await reportIncident(db, 'attestation_failure');
    const b = await reportIncident(db, 'attestation_failure');
    expect(a.id).toMatch(/^INC-\d{8}-\d{6}-\d{4,}$/);
    expect(b.number).toBeGreaterThan(a.number);
    expect(incidentView(a)['id']).toBe(a.id);
  });
});
