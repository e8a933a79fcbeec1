import { describe, expect, it } from 'vitest';
import { one, rows } from '../../../db/client.ts';
import { readControlSecret } from '../../../db/command/read-control-secret.ts';
import { leaseListQuery, liveCountQuery } from '../../../db/read/leases.ts';
import { slotListQuery } from '../../../db/read/secrets.ts';
import { betweenJudgeAndWrite, reopenVault } from '../../support/leases.ts';
import { planOf } from '../../support/query-plan.ts';
import { databaseText } from '../../support/secrets.ts';
import { json, startApi } from '../api/api-under-test.ts';
import {
  SUBJECT,
  VALUE,
  api,
  issue,
  issued,
  leasesOf,
  logged,
  master,
  outcome,
  put,
  read,
  show,
  slot,
  uses,
} from './leases-api.ts';
import type { Issued } from './leases-api.ts';

describe('a closed vault', () => {
  const close = (headers: Record<string, string> = {}) =>
    api.post(
      '/api/v1/incidents/report',
      { class: 'unauthorized_access', source: slot, description: 'd', evidence: { subject: 'agent:a' } },
      headers,
    );
  const alerts = () =>
    rows<{ message: string }>(api.db, "SELECT message FROM notifications WHERE message LIKE '%' || $1 || ' are%'", [
      slot,
    ]);

  it('S1-19 refuses reads, renewals and new leases, and what was leased before never opens again', async () => {
    const lease = await issued(slot);
    expect((await close()).status).toBe(201);
    try {
      for (let i = 0; i < 3; i++) expect(await uses(lease)).toEqual(['423 vault_closed', '423 vault_closed']);
      expect(await outcome(issue(slot))).toBe('423 vault_closed');
      expect(await alerts()).toHaveLength(1);
      await put('control.slot', { value: VALUE, class: 'control' });
      const control = { workspace_id: 'default', slot: 'control.slot', actor: 'worker', purpose: 'test' };
      const kept = await readControlSecret({ db: api.db, masterKey: () => master }, control);
      expect(kept.value.toString()).toBe(VALUE);
      expect(await show(lease)).toMatchObject({ state: 'revoked', revoked_by: 'vault' });
      expect(await leasesOf(SUBJECT)).toMatchObject({ live_leases: 0 });
    } finally {
      await reopenVault(api.db);
    }
    expect(await uses(lease)).toEqual(['409 lease_revoked', '409 lease_revoked']);
    expect(await outcome(read(await issued(slot)))).toBe(VALUE);
  });

  it('is closed in every workspace by a hold of the instance', async () => {
    const lease = await issued(slot);
    await close({ 'X-Interlock-Workspace': 'elsewhere' });
    expect(await outcome(read(lease))).toBe(VALUE);
    await close({ 'X-Interlock-Workspace': 'system' });
    expect(await outcome(read(lease))).toBe('423 vault_closed');
    await reopenVault(api.db);
  });

  it('cannot be overtaken by a lease that is being issued', async () => {
    const late = await json<Issued>(betweenJudgeAndWrite(api.db, () => issue(slot), close));
    expect(await outcome(read(late))).toBe('423 vault_closed');
    await reopenVault(api.db);
    expect(await outcome(read(late))).toBe('409 lease_revoked');
  });

  it.each(['slot', 'subject', 'value'])('nor can a revoked %s', async (what) => {
    const subject = `agent:late-${slot}`;
    const late = await json<Issued>(
      betweenJudgeAndWrite(
        api.db,
        () => issue(slot, subject),
        () =>
          what === 'slot'
            ? api.post(`/v1/secrets/${slot}/revoke-leases`, {})
            : what === 'subject'
              ? api.post(`/v1/subjects/${encodeURIComponent(subject)}/revoke-leases`, {})
              : put(slot, { value: 'rotated' }),
      ),
    );
    expect(await uses(late)).toEqual(['409 lease_revoked', '409 lease_revoked']);
  });
});

it('without a master key values and leases are refused, and revoking works', async () => {
  const keyless = await startApi({ databaseUrl: api.databaseUrl });
  try {
    const lease = await issued(slot);
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${lease.secret}` };
    for (const answer of [
      keyless.get(`/v1/secrets/${slot}`, { method: 'PUT', headers, body: '{"value":"v"}' }),
      keyless.post('/v1/leases', { slot, subject: SUBJECT }),
      keyless.post(`/v1/leases/${lease.lease_id}/read`, {}, headers),
      keyless.post(`/v1/secrets/${slot}/rollback`, { version: 1 }),
    ])
      expect(await outcome(answer)).toBe('503 master_key_missing');
    expect((await keyless.get('/v1/secrets')).status).toBe(200);
    expect((await keyless.post(`/v1/secrets/${slot}/revoke-leases`, {})).status).toBe(200);
    expect(await outcome(read(lease))).toBe('409 lease_revoked');
  } finally {
    await keyless.close();
  }
});

it('neither the log nor the database knows a value or the secret of a lease', async () => {
  const lease = await issued(slot);
  await read(lease);
  await put(slot, { value: VALUE, unknown: 1 });
  const dump = await databaseText(api.db);
  expect(dump).toContain(lease.lease_id);
  for (const secret of [VALUE, lease.secret]) {
    expect(dump.includes(secret) || dump.includes(Buffer.from(secret).toString('hex'))).toBe(false);
    expect(logged.includes(secret)).toBe(false);
  }
  const { n: digests } = (await one<{ n: number }>(
    api.db,
    'SELECT count(*)::int4 AS n FROM leases WHERE length(secret_digest) = 32',
  ))!;
  expect(digests).toBeGreaterThan(0);
});

it('lists of slots and leases walk an index', async () => {
  await api.db.query(
    `INSERT INTO leases SELECT workspace_id, 'LSE-20260101-' || lpad(to_hex(i), 16, '0'), slot, 'agent:' || i % 50, secret_digest,
        slot_epoch, subject_epoch, vault_generation, issued_at, NULL, not_after + i * interval '1 s', actor, NULL
      FROM (SELECT * FROM leases LIMIT 1) AS l, generate_series(1, 20000) AS g(i)`,
  );
  await api.db.query('ANALYZE leases');
  const page = { workspace_id: 'default', subject: 'agent:7', limit: 20 };
  const after = { not_after: '2030-01-01T00:00:00.000Z', lease_id: 'LSE-20260101-0000000000000001' };
  for (const query of [
    leaseListQuery(page),
    leaseListQuery({ ...page, after }),
    slotListQuery({ workspace_id: 'default', limit: 5 }),
    liveCountQuery('default', { subject: 'agent:7' }),
    liveCountQuery('default', { slot }),
  ])
    for (const node of await planOf(api.db, query))
      if (node['Relation Name'] === 'leases') expect(node['Node Type']).not.toBe('Seq Scan');
});
