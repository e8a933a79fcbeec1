import { afterAll, beforeAll, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import { decideSigned } from '../../../db/command/decide-signed.ts';
import { revokeKey } from '../../../db/command/register-key.ts';
import { eventually } from '../../support/eventually.ts';
import { newKey, register, signed } from '../../support/operator-keys.ts';
import { openRecord, OPERATOR, reportIncident } from '../../support/record.ts';

let record: Awaited<ReturnType<typeof openRecord>>;
beforeAll(async () => {
  record = await openRecord();
  await record.db.query(
    `INSERT INTO log_heads (epoch, origin, verifier_key, size, root, opened_at, grown_at, actor)
      VALUES (1, 'here/1', 'k', 0, '\\x00', now(), now(), 'test')`,
  );
});
afterAll(() => record?.close());

const waiting = async (n: number): Promise<boolean> => {
  const found = await rows(
    record.db,
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return found.length === n;
};

it('a revocation waits for the decision that is being judged by the key, and no decision by it comes after', async () => {
  const key = newKey();
  await register(record.db, key, { user: 'alice', roles: ['operator'] });
  const { id, binding } = await reportIncident(record.db, 'manifest_mismatch');
  const workflow_id = `recovery/${id}`;
  const sent = (name: 'ack' | 'resolve') => ({
    workspace_id: 'default',
    incident_id: id,
    workflow_id,
    name,
    envelope: signed(key, {
      instance: 'here',
      workflow_id,
      decision: name === 'ack' ? { name, operator: 'alice' } : { name },
      containment_binding: binding,
      decision_id: name,
      key_id: key.key_id,
      not_after: new Date(Date.now() + 60_000).toISOString(),
    }),
  });
  const holder = await record.db.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM incidents WHERE id = $1 FOR UPDATE', [id]);
    const acked = decideSigned(record.db, sent('ack'));
    await eventually(() => waiting(1));
    const revoked = revokeKey(
      record.db,
      OPERATOR,
      { key_id: key.key_id, anyKey: true },
      { decision_id: 'r', request_digest: 'd' },
    );
    await eventually(() => waiting(2));
    await holder.query('COMMIT');
    expect(await acked).toMatchObject({ ok: true, incident: { acked_actor: 'alice' } });
    expect(await revoked).toEqual({ ok: true });
    // The log has them in the order in which they took the key's row; who is answered first is another matter.
    const said = await rows<{ action: string }>(
      record.db,
      `SELECT action FROM ledger_entries WHERE action IN ('recovery_acknowledged', 'key_revoked') ORDER BY entry_id`,
    );
    expect(said.map(({ action }) => action)).toEqual(['recovery_acknowledged', 'key_revoked']);
  } finally {
    holder.release();
  }
  expect(await decideSigned(record.db, sent('resolve'))).toMatchObject({ ok: false, code: 'key_revoked' });
});
