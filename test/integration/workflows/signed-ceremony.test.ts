import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { revokeKey } from '../../../db/command/register-key.ts';
import { instanceName } from '../../../db/read/operator-keys.ts';
import type { DecisionStatement } from '../../../domain/signing/decision-statement.ts';
import type { DsseEnvelope } from '../../../domain/signing/dsse.ts';
import type { Incident } from '../../../domain/incident/types.ts';
import { decisionsOn } from '../../support/decisions-on-record.ts';
import { eventually } from '../../support/eventually.ts';
import { newKey, register, signed } from '../../support/operator-keys.ts';
import type { TestKey } from '../../support/operator-keys.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { OPERATOR, reportIncident } from '../../support/record.ts';
import { run as cli } from '../../unit/cli/run.ts';
import { startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';
import { removeTree } from '../../support/remove-tree.ts';

let on: TestProcesses;
let api: ApiUnderTest;
let instance: string;
const folder = mkdtempSync(join(tmpdir(), 'interlock-signing-'));
const alice = newKey();
const keyFile = join(folder, 'alice.pem');

beforeAll(async () => {
  writeFileSync(keyFile, alice.pem, { mode: 0o600 });
  on = await startProcesses({ control: { signals: 'signed' } });
  api = await startApi({ databaseUrl: on.databaseUrl });
  instance = (await instanceName(on.db)) ?? '';
  const registered = await cli([
    ...['keys', 'register', '--file', keyFile, '--user', 'alice', '--roles', 'operator', '--json'],
    ...['--base-url', api.url],
  ]);
  expect(JSON.parse(registered.out)).toMatchObject({
    key_id: alice.key_id,
    user: 'alice',
    registered_by: 'local-operator',
  });
});
afterAll(async () => {
  await api?.close();
  await on?.close();
  removeTree(folder);
});

const { signal, current, taken, codes, entries } = decisionsOn(() => on);

async function ceremony(): Promise<Incident> {
  const { id } = await reportIncident(on.db, 'manifest_mismatch');
  await on.running(`recovery/${id}`);
  return current(id);
}

const statementOf = (i: Incident, over: Partial<DecisionStatement> = {}): DecisionStatement => ({
  instance,
  workflow_id: `recovery/${i.id}`,
  decision: { name: 'ack', operator: 'alice@org' },
  containment_binding: i.binding,
  decision_id: crypto.randomUUID(),
  key_id: alice.key_id,
  not_after: new Date(Date.now() + 300_000).toISOString(),
  ...over,
});

describe('a ceremony by signed signals of the Temporal CLI', () => {
  it('is walked with what `interlock sign` prints, and the record says who', async () => {
    const { id } = await ceremony();
    const sign = async (...args: string[]) => {
      const ran = await cli(['sign', ...args, '--key', keyFile, '--json', '--base-url', api.url]);
      expect(ran).toMatchObject({ code: 0, err: '' });
      return JSON.parse(ran.out) as object;
    };
    const workflow = `recovery/${id}`;
    const ack = await sign('ack', id, '--operator', 'alice@org', '--note', 'seen');
    await signal(workflow, 'ack', ack);
    await eventually(async () => (await current(id)).acked_by !== null);
    expect(await current(id)).toMatchObject({ acked_by: 'alice@org', acked_actor: 'alice' });

    await signal(workflow, 'ack', ack);
    await signal(workflow, 'resolve', await sign('resolve', id));
    await on.client.workflow.getHandle(workflow).result();
    expect(await current(id)).toMatchObject({ state: 'resolved', resolved_by: 'alice' });
    const decided = await taken(id);
    expect(decided.map((d) => [d.kind, d.outcome, d.actor])).toEqual([
      ['ack', '{"ok":true}', 'alice'],
      ['resolve', '{"ok":true}', 'alice'],
    ]);
    expect(JSON.parse(decided[0]?.envelope ?? '')).toEqual((ack as { envelope: object }).envelope);
    const proven = (await entries(id)).filter((e) => e.action === 'decision_signed');
    expect(proven.map((e) => [e.actor, JSON.parse(e.detail) as object])).toEqual(
      decided.map((d) => ['alice', { decision: d.kind, decision_id: d.decision_id, key_id: alice.key_id }]),
    );
    expect((await entries(id)).find((e) => e.action === 'recovery_acknowledged')?.on_behalf_of).toBe('alice@org');
  });

  it('a re-attestation is asked for by a signature too, and the latch stays without a TPM', async () => {
    const { id } = await reportIncident(on.db, 'attestation_failure');
    await on.running(`recovery/${id}`);
    const { binding } = await current(id);
    const line = ['sign', 'reattest', id, '--offline', '--instance', instance, '--binding', binding, '--key', keyFile];
    const printed = await cli(line);
    expect(printed.out).toContain(`containment_binding: ${binding}\n`);
    const input = /--input '(.*)'\n/.exec(printed.out)?.[1] ?? '';
    await signal(`recovery/${id}`, 'reattest', JSON.parse(input) as object);
    await eventually(async () => (await codes(id)).length === 1);
    expect((await taken(id)).map((d) => [d.kind, d.outcome, d.actor])).toEqual([
      ['reattest', '{"code":"tpm_unavailable","ok":false}', 'alice'],
    ]);
  });

  it('takes the key of an operator of default for what the instance itself reports', async () => {
    const { id } = await reportIncident(on.db, 'manifest_mismatch', {}, 'system');
    await on.running(`recovery/${id}`);
    const incident = await current(id);
    expect(incident.workspace_id).toBe('system');
    await signal(`recovery/${id}`, 'ack', { envelope: signed(alice, statementOf(incident)) });
    await eventually(async () => (await current(id)).acked_actor === 'alice');
  });
});

describe('a signature is refused, with its code on the record,', () => {
  /** Flips one bit of the signature, or of what is signed. */
  const flip = (text: string, at: number): string => {
    const bytes = Buffer.from(text, 'base64');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes.toString('base64');
  };
  const stranger = newKey();
  const lent = newKey();
  const viewer = newKey();
  const ended = newKey();
  const by = (key: TestKey, i: Incident, over: Partial<DecisionStatement> = {}) =>
    signed(key, statementOf(i, { key_id: key.key_id, ...over }));
  const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();

  beforeAll(async () => {
    await register(on.db, lent, { user: 'lena', roles: ['operator'], workspace: 'lab' });
    await register(on.db, viewer, { user: 'vera', roles: ['viewer'] });
    await register(on.db, ended, { user: 'erik', roles: ['operator'], not_after: inMs(3_600_000) });
    await on.db.query(`UPDATE operator_keys SET not_after = now() - interval '1 second' WHERE key_id = $1`, [
      ended.key_id,
    ]);
  });

  const CASES: [string, string, (i: Incident) => DsseEnvelope | object, string?][] = [
    ['without an envelope', 'signal_unsigned', () => ({ operator: 'alice@org' }), 'bare'],
    [
      'with a flipped bit in it',
      'signature_invalid',
      (i) => {
        const e = by(alice, i);
        return { ...e, signatures: [{ keyid: alice.key_id, sig: flip(e.signatures[0]?.sig ?? '', 7) }] };
      },
    ],
    [
      'with a flipped bit in what it covers',
      'signature_invalid',
      (i) => {
        const e = by(alice, i);
        const text = Buffer.from(e.payload, 'base64').toString().replace('alice@org', 'alicf@org');
        return { ...e, payload: Buffer.from(text).toString('base64') };
      },
    ],
    ['by a key that nobody registered', 'key_unknown', (i) => by(stranger, i)],
    ['by a key of another workspace', 'key_unknown', (i) => by(lent, i)],
    ['by a key whose roles do not permit it', 'not_permitted', (i) => by(viewer, i)],
    ['by a key that is past its time', 'key_expired', (i) => by(ended, i)],
    ['for another process', 'signed_for_another_workflow', (i) => by(alice, i, { workflow_id: `incident/${i.id}` })],
    ['for another incident', 'signed_for_another_workflow', (i) => by(alice, i, { workflow_id: 'recovery/INC-1' })],
    ['for another instance', 'signed_for_another_instance', (i) => by(alice, i, { instance: 'elsewhere' })],
    ['for another decision', 'signed_for_another_decision', (i) => by(alice, i, { decision: { name: 'resolve' } })],
    ['on another containment', 'containment_changed', (i) => by(alice, i, { containment_binding: 'f'.repeat(64) })],
    ['past its time', 'signature_expired', (i) => by(alice, i, { not_after: inMs(-1_000) })],
    ['good for too long', 'signature_valid_too_long', (i) => by(alice, i, { not_after: inMs(660_000) })],
    [
      'of another type',
      'payload_type_mismatch',
      (i) => alice.sign('text/plain', Buffer.from(JSON.stringify(statementOf(i)))),
    ],
    [
      'over something that is no decision',
      'statement_malformed',
      () => alice.sign('application/vnd.interlock.decision+json', Buffer.from('{"name":"ack"}')),
    ],
  ];

  it.each(CASES)('%s: %s', async (_what, code, make, bare) => {
    const incident = await ceremony();
    const { id } = incident;
    const made = make(incident);
    await signal(`recovery/${id}`, 'ack', bare === undefined ? { envelope: made } : made);
    await eventually(async () => (await codes(id)).length > 0);
    expect(await codes(id)).toEqual([code]);
    expect((await current(id)).acked_by).toBeNull();
    const refused = (await entries(id)).filter((e) => e.action === 'decision_refused');
    expect(refused.map((e) => JSON.parse(e.detail) as object)).toMatchObject([{ decision: 'ack', code }]);
    const proven = ![
      'signal_unsigned',
      'signature_invalid',
      'key_unknown',
      'payload_type_mismatch',
      'statement_malformed',
    ].includes(code);
    expect(refused[0]?.actor === 'unauthenticated').toBe(!proven);
  });

  it('by a key that was revoked meanwhile; what it decided before is answered as it was', async () => {
    const bob = newKey();
    await register(on.db, bob, { user: 'bob', roles: ['operator'] });
    const incident = await ceremony();
    const { id } = incident;
    const before = by(bob, incident);
    await signal(`recovery/${id}`, 'ack', { envelope: before });
    await eventually(async () => (await current(id)).acked_actor === 'bob');
    const key = { decision_id: 'revoke', request_digest: 'd' };
    expect(await revokeKey(on.db, OPERATOR, { key_id: bob.key_id, anyKey: true }, key)).toEqual({ ok: true });
    await signal(`recovery/${id}`, 'ack', { envelope: before });
    await signal(`recovery/${id}`, 'resolve', { envelope: by(bob, incident, { decision: { name: 'resolve' } }) });
    await eventually(async () => (await codes(id)).length > 0);
    expect((await taken(id)).map((d) => [d.kind, d.outcome, d.actor])).toEqual([
      ['ack', '{"ok":true}', 'bob'],
      ['resolve', '{"code":"key_revoked","ok":false}', 'unauthenticated'],
    ]);
    expect((await current(id)).state).toBe('contained');
  });

  it('and whoever cannot sign uses up no decision id of who can', async () => {
    const incident = await ceremony();
    const { id } = incident;
    const real = by(alice, incident);
    const forged = { ...real, signatures: [{ keyid: alice.key_id, sig: flip(real.signatures[0]?.sig ?? '', 0) }] };
    await signal(`recovery/${id}`, 'ack', { envelope: forged });
    await eventually(async () => (await codes(id)).length === 1);
    await signal(`recovery/${id}`, 'ack', { envelope: real });
    await eventually(async () => (await current(id)).acked_actor === 'alice');
  });
});
