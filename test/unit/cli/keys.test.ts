import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { readKeyFile, readSigningKey } from '../../../cli/keys/key-file.ts';
import { fromBase64, toBase64 } from '../../../domain/signing/base64.ts';
import { DECISION_TYPE, readStatement } from '../../../domain/signing/decision-statement.ts';
import { verifyEnvelope } from '../../../domain/signing/dsse.ts';
import type { DsseEnvelope } from '../../../domain/signing/dsse.ts';
import { KEY_REGISTRATION_TYPE, registrationPayload } from '../../../domain/signing/key-registration.ts';
import { keyFolder, pkcs8, raw, seed, spki } from '../../support/key-files.ts';
import { fakeServer, problem, run } from './run.ts';
import type { Canned, Seen } from './run.ts';

const { path, save, remove } = keyFolder();
afterAll(remove);

describe('keys register', () => {
  const key_id = readKeyFile(save('k', spki), 'test').key_id;
  const registration = {
    instance: 'i',
    workspace: 'default',
    user: 'alice',
    key_id,
    roles: ['operator'] as const,
    not_after: null,
  };
  const payload = registrationPayload(registration);
  const registered = {
    ...registration,
    algorithm: 'ed25519',
    registered_at: 't',
    registered_by: 'alice',
    revoked_at: null,
    revoked_by: null,
  };
  const server = (over: object = {}) =>
    fakeServer(({ body }: Seen): Canned =>
      (body as { proof?: unknown }).proof === undefined
        ? {
            status: 202,
            body: {
              status: 'proof_required',
              payload_type: KEY_REGISTRATION_TYPE,
              payload: toBase64(payload),
              registration,
              ...over,
            },
          }
        : { status: 201, body: registered },
    );
  const proofOf = (seen: Seen[]) => (seen.at(-1)?.body as { proof: DsseEnvelope }).proof;

  it('proves by the private key, which stays here', async () => {
    const { url, seen } = await server();
    const ran = await run(['keys', 'register', '--file', save('own', pkcs8), '--roles', 'operator', '--base-url', url]);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain(key_id);
    expect(verifyEnvelope(proofOf(seen), [{ key_id, public_key: raw }], KEY_REGISTRATION_TYPE).payload).toEqual(
      payload,
    );
    const sent = JSON.stringify(seen);
    for (const secret of [toBase64(seed), Buffer.from(seed).toString('hex'), pkcs8.split('\n')[1] ?? ''])
      expect(sent).not.toContain(secret);
    expect(seen[0]?.body).toEqual({ public_key: toBase64(raw), roles: ['operator'] });
  });

  it('with only the public key writes what its holder has to sign, and takes that signature', async () => {
    const { url, seen } = await server();
    const line = ['keys', 'register', '--file', save('pub', spki), '--user', 'alice', '--base-url', url];
    const first = await run([...line, '--to-sign', path('to-sign')]);
    expect(first.code).toBe(3);
    expect(seen).toHaveLength(1);
    const signature = readSigningKey(save('own2', pkcs8), 'test').sign(readFileSync(path('to-sign')));
    expect((await run([...line, '--signature', save('sig', signature)])).code).toBe(0);
    verifyEnvelope(proofOf(seen), [{ key_id, public_key: raw }], KEY_REGISTRATION_TYPE);
    expect((await run([...line, '--signature', save('short', 'x')])).code).toBe(2);
  });

  it('signs nothing but its own registration', async () => {
    const decision = toBase64(new TextEncoder().encode('{"decision":{"name":"resolve"}}'));
    for (const over of [
      { payload: decision },
      { payload_type: DECISION_TYPE },
      { registration: { ...registration, key_id: 'sha256:0' } },
    ]) {
      const { url, seen } = await server(over);
      const ran = await run(['keys', 'register', '--file', save('own3', pkcs8), '--base-url', url]);
      expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('not_a_registration')]);
      expect(seen).toHaveLength(1);
    }
  });
});

describe('sign', () => {
  const file = save('signer', pkcs8);
  const binding = 'ab'.repeat(32);
  const offline = ['--offline', '--instance', 'i', '--binding', binding, '--key', file];
  const signedBy = (out: string) => {
    const { envelope } = JSON.parse(out) as { envelope: DsseEnvelope };
    const key = readKeyFile(file, 'test');
    verifyEnvelope(envelope, [key], DECISION_TYPE);
    return readStatement(fromBase64(envelope.payload) ?? new Uint8Array());
  };

  it('prints in words what is signed, and the whole signal', async () => {
    const { code, out } = await run([
      'sign',
      'ack',
      'INC-1',
      '--operator',
      'me@org',
      '--note',
      "it's done",
      ...offline,
    ]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^instance: i\nworkflow_id: recovery\/INC-1\ndecision: ack\ndecision.operator: me@org\ndecision.note: it's done\n/,
    );
    const input = /^input: (.*)$/m.exec(out)?.[1] ?? '';
    expect(out).toContain(`temporal workflow signal --workflow-id recovery/INC-1 --name ack --input '${input}'\n`);
    expect(input).not.toContain("'");
    expect(signedBy(input)).toMatchObject({
      decision: { name: 'ack', operator: 'me@org', note: "it's done" },
      containment_binding: binding,
    });
  });

  it('signs any decision by its name, as far as an instance takes it', async () => {
    const line = [
      'sign',
      'decision',
      'ack',
      'INC-1',
      '--fields',
      '{"operator":"me"}',
      '--decision-id',
      'd-1',
      '--json',
      ...offline,
    ];
    expect(signedBy((await run(line)).out)).toMatchObject({
      decision: { name: 'ack', operator: 'me' },
      decision_id: 'd-1',
    });
    expect((await run(['sign', 'decision', 'clear', 'INC-1', ...offline])).code).toBe(2);
    expect((await run(['sign', 'decision', 'ack', 'INC-1', '--fields', '[]', ...offline])).code).toBe(2);
  });

  it('is good for ten minutes at most, and for one process of the incident', async () => {
    const sign = (...more: string[]) => run(['sign', 'resolve', 'INC-1', '--json', ...offline, ...more]);
    const left = Date.parse(signedBy((await sign('--not-after', '10m')).out)?.not_after ?? '') - Date.now();
    expect(left).toBeLessThanOrEqual(600_000);
    for (const end of ['11m', '0s', 'soon', '2020-01-01T00:00:00Z'])
      expect((await sign('--not-after', end)).code).toBe(2);
    expect(signedBy((await sign('--workflow-id', 'incident/INC-1')).out)?.workflow_id).toBe('incident/INC-1');
    for (const other of ['recovery/INC-2', "recovery/'/INC-1", 'INC-1'])
      expect((await sign('--workflow-id', other)).code).toBe(2);
  });

  it('asks the server what to name, and is blocked where nothing waits', async () => {
    const answer = { instance: 'i', workflow_id: 'recovery/INC-1' as string | null, containment_binding: binding };
    const { url } = await fakeServer(() => ({ body: answer }));
    const line = ['sign', 'reattest', 'INC-1', '--key', file, '--json', '--base-url', url];
    expect(signedBy((await run(line)).out)).toMatchObject({
      workflow_id: 'recovery/INC-1',
      decision: { name: 'reattest' },
    });
    answer.workflow_id = null;
    expect(await run(line)).toMatchObject({ code: 4, err: expect.stringContaining('(nothing_waits)') as string });
    expect((await run([...line, '--instance', 'j'])).code).toBe(2);
  });
});

describe('keys', () => {
  const answer = (key_id: string, more: object = {}) => ({
    key_id,
    user: 'alice',
    roles: ['operator'],
    registered_at: 't',
    registered_by: 'ada',
    not_after: null,
    revoked_at: null,
    ...more,
  });

  it('are listed over all pages', async () => {
    const { url, seen } = await fakeServer(({ path: asked }) =>
      asked.includes('cursor=')
        ? { body: [answer('sha256:b', { revoked_at: '2026-03-14T12:00:00.000Z' })] }
        : { body: [answer('sha256:a')], headers: { Link: '</v1/keys?cursor=x>; rel="next"' } },
    );
    const { code, out } = await run(['keys', 'list', '--base-url', url]);
    expect(code).toBe(0);
    expect(out.split('\n').slice(1, 3)).toEqual([
      expect.stringMatching(/^sha256:a +alice +operator +t +ada +- +-$/),
      expect.stringMatching(/^sha256:b .* 2026-03-14T12:00:00.000Z$/),
    ]);
    expect(seen).toHaveLength(2);
  });

  it('are revoked by their id', async () => {
    const { url, seen } = await fakeServer(() => ({ body: answer('sha256:a', { revoked_at: 'now' }) }));
    expect((await run(['keys', 'revoke', 'sha256:a', '--base-url', url])).code).toBe(0);
    expect(seen).toMatchObject([{ method: 'POST', path: '/v1/keys/sha256%3Aa/revoke', body: {} }]);
    const refused = await fakeServer(() => problem(403, 'not_permitted'));
    expect((await run(['keys', 'revoke', 'sha256:a', '--base-url', refused.url])).code).toBe(6);
  });
});
