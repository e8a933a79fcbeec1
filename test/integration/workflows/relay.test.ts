import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { one, rows } from '../../../db/client.ts';
import { recordReports } from '../../../db/command/intake.ts';
import { keepListening } from '../../../db/keep-listening.ts';
import { relayOutbox } from '../../../db/command/relay-outbox.ts';
import type { OutboxPoke } from '../../../db/command/relay-outbox.ts';
import { attendProcess, closeProcess } from '../../../db/command/processes.ts';
import { decideIncident } from '../../../db/command/decide-incident.ts';
import { acknowledgeRecovery } from '../../../db/command/acknowledge.ts';
import { unfinishedProcesses } from '../../../db/read/process-pages.ts';
import { startRelay } from '../../../workers/relay/relay.ts';
import { eventually } from '../../support/eventually.ts';
import { decision, openRecord, reportIncident, requestOf } from '../../support/record.ts';

let record: Awaited<ReturnType<typeof openRecord>>;

beforeEach(async () => {
  record = await openRecord();
});
afterEach(() => record.close());

const reports = (n: number, cls: 'manifest_mismatch' | 'attestation_failure' = 'manifest_mismatch') =>
  recordReports(
    record.db,
    Array.from({ length: n }, (_unused, i) => requestOf(cls, { source: `s${i}` })),
  );
const left = async () => (await one<{ n: number }>(record.db, 'SELECT count(*) AS n FROM outbox'))?.n;
const all = async (pokes: OutboxPoke[]) => pokes.map(() => true);

describe('relaying the outbox', () => {
  it('hands over by severity, deletes what the engine took, and keeps the rest', async () => {
    await reports(2);
    await reports(2, 'attestation_failure');
    const critical: OutboxPoke[] = [];
    const done = await relayOutbox(record.db, { lane: 'critical', limit: 10, window: 200 }, async (pokes) => {
      critical.push(...pokes);
      return pokes.map((_, i) => i === 0);
    });
    expect(critical.map((p) => p.severity_rank)).toEqual([1, 1]);
    expect(done.taken).toBe(1);
    expect(await left()).toBe(3);
    const started = await rows<{ workflow_id: string }>(
      record.db,
      'SELECT workflow_id FROM process WHERE started_at IS NOT NULL',
    );
    expect(started.map((p) => p.workflow_id)).toEqual([critical[0]?.workflow_id]);
  });

  it('sends one poke for several changes of a process, at the latest version', async () => {
    const { id } = await reportIncident(record.db, 'manifest_mismatch');
    await acknowledgeRecovery(record.db, decision(id), { operator: 'me' });
    const sent: OutboxPoke[] = [];
    await relayOutbox(record.db, { lane: 'ordinary', limit: 10, window: 200 }, (pokes) => {
      sent.push(...pokes);
      return all(pokes);
    });
    expect(sent.map((p) => [p.workflow_id, p.version])).toEqual([
      [`incident/${id}`, 2],
      [`recovery/${id}`, 2],
    ]);
    expect(await left()).toBe(0);
  });

  it('starts no more processes than the window has room for, while pokes of started ones pass', async () => {
    const list = await reports(5);
    const round = () => relayOutbox(record.db, { lane: 'ordinary', limit: 10, window: 2 }, all);
    expect(await round()).toEqual({ taken: 2, blocked: true });
    expect(await round()).toEqual({ taken: 0, blocked: true });
    const [first] = list.flatMap((r) => (r.ok ? [r.incident] : []));
    await acknowledgeRecovery(record.db, decision(first?.id ?? ''), { operator: 'me' });
    expect((await round()).taken).toBe(1);
    await attendProcess(record.db, { type: 'incidentResponse', workspace_id: 'default', incident_id: first?.id ?? '' });
    expect((await round()).taken).toBeGreaterThan(0);
  });

  it('deletes pokes of a process that is over without sending them', async () => {
    const { id } = await reportIncident(record.db, 'manifest_mismatch');
    const process = { workspace_id: 'default', incident_id: id } as const;
    expect(await closeProcess(record.db, { ...process, type: 'incidentResponse' })).toBe(false);
    await acknowledgeRecovery(record.db, decision(id), { operator: 'me' });
    await decideIncident(record.db, decision(id), { kind: 'resolve', operator: 'me' });
    for (const type of ['incidentResponse', 'recoveryCeremony'] as const)
      expect(await closeProcess(record.db, { ...process, type })).toBe(true);
    const sent: OutboxPoke[] = [];
    await relayOutbox(record.db, { lane: 'ordinary', limit: 10, window: 200 }, (pokes) => {
      sent.push(...pokes);
      return all(pokes);
    });
    expect([sent, await left()]).toEqual([[], 0]);
  });

  it('two relays never send the same row at once', async () => {
    await reports(20);
    const sent: string[] = [];
    const send = async (pokes: OutboxPoke[]) => {
      sent.push(...pokes.map((p) => p.workflow_id));
      await new Promise((resolve) => setTimeout(resolve, 50));
      return all(pokes);
    };
    const options = { lane: 'ordinary', limit: 10, window: 200 } as const;
    await Promise.all([relayOutbox(record.db, options, send), relayOutbox(record.db, options, send)]);
    expect(new Set(sent).size).toBe(20);
    expect(sent).toHaveLength(20);
    expect(await left()).toBe(0);
  });
});

describe('what waits in the outbox', () => {
  it('is not taken for lost, nor are the ceremonies that it is to start, however long the backlog takes', async () => {
    await reports(3);
    await record.db.query(`UPDATE process SET created_at = created_at - interval '1 hour'`);
    expect(await unfinishedProcesses(record.db, undefined, 10)).toEqual([]);
    await record.db.query('DELETE FROM outbox');
    const lost = await unfinishedProcesses(record.db, undefined, 10);
    expect(lost.map((p) => p.type)).toEqual(['incidentResponse', 'incidentResponse', 'incidentResponse']);
    await record.db
      .query(`UPDATE process SET started_at = now() - interval '1 minute', settled_at = now() - interval '1 minute'
      WHERE type = 'incidentResponse'`);
    const pages = [];
    let page = await unfinishedProcesses(record.db, undefined, 4);
    for (; page.length > 0; page = await unfinishedProcesses(record.db, page.at(-1), 4)) pages.push(page.length);
    expect(pages).toEqual([4, 2]);
  });
});

describe('the relay', () => {
  it('is told what it may let wait: what a decision sets off, behind its answer, but never a new incident', async () => {
    const heard: string[] = [];
    const stopping = new AbortController();
    const channel = { url: record.url, session: 'test', channel: 'outbox' };
    const hearing = { heard: (wake: string) => heard.push(wake), lost: () => undefined };
    const { ended } = await keepListening(channel, hearing, stopping.signal);
    expect(heard.splice(0)).toEqual(['']);
    const { id } = await reportIncident(record.db, 'manifest_mismatch');
    await eventually(async () => heard.length > 0);
    expect(new Set(heard.splice(0))).toEqual(new Set(['']));
    await acknowledgeRecovery(record.db, decision(id), { operator: 'me' });
    await eventually(async () => heard.length > 0);
    expect(heard).toEqual(['answered']);
    stopping.abort();
    await ended;
  });

  it('lets a critical poke overtake a backlog that the engine is slow to take', async () => {
    await reports(300);
    const sent: OutboxPoke[] = [];
    const stopping = new AbortController();
    const relay = await startRelay(
      {
        db: record.db,
        databaseUrl: record.url,
        window: 20,
        log: pino({ level: 'silent' }),
        startProcess: async (poke) => {
          await new Promise((resolve) => setTimeout(resolve, poke.severity_rank === 1 ? 0 : 20));
          sent.push(poke as OutboxPoke);
        },
      },
      stopping.signal,
    );
    await eventually(async () => sent.length >= 20);
    await reports(1, 'attestation_failure');
    await eventually(async () => sent.some((p) => p.severity_rank === 1));
    expect(sent.filter((p) => p.severity_rank !== 1)).toHaveLength(20);
    stopping.abort();
    await relay.ended;
  });
});
