import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readKeyFile, readSigningKey } from '../../../cli/keys/key-file.ts';
import { opensshPublicKey, opensshSeed } from '../../../cli/keys/openssh.ts';
import { fromBase64, toBase64 } from '../../../domain/signing/base64.ts';
import { DECISION_TYPE, readStatement } from '../../../domain/signing/decision-statement.ts';
import { verifyEnvelope } from '../../../domain/signing/dsse.ts';
import type { DsseEnvelope } from '../../../domain/signing/dsse.ts';
import { verifyEd25519 } from '../../../domain/signing/ed25519.ts';
import { KEY_REGISTRATION_TYPE, registrationPayload } from '../../../domain/signing/key-registration.ts';
import { fakeServer, run } from './run.ts';
import type { Canned, Seen } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'interlock-keys-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const path = (name: string) => join(folder, name);
function save(name: string, content: string | Uint8Array, mode = 0o600): string {
  writeFileSync(path(name), content, { mode });
  return path(name);
}

const pair = generateKeyPairSync('ed25519');
const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const spki = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const raw = new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32));
const seed = new Uint8Array(pair.privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-32));

const wire = (...parts: (string | Uint8Array)[]) =>
  Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part as string);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
const sshLine = `ssh-ed25519 ${wire('ssh-ed25519', raw).toString('base64')} me@org\n`;

/** As ssh-keygen writes it; `checks`: the two numbers that tell a wrong passphrase. */
function sshFile({ cipher = 'none', checks = [7, 7], publicKey = raw } = {}): string {
  const numbers = Buffer.alloc(8);
  checks.forEach((n, i) => numbers.writeUInt32BE(n, i * 4));
  const secret = Buffer.concat([numbers, wire('ssh-ed25519', publicKey, Buffer.concat([seed, raw]), 'me@org')]);
  const bytes = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    wire(cipher, cipher === 'none' ? 'none' : 'bcrypt', ''),
    Buffer.from([0, 0, 0, 1]),
    wire(wire('ssh-ed25519', raw), secret),
  ]);
  const lines = bytes.toString('base64').replace(/(.{70})/g, '$1\n');
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

describe('the file of a key', () => {
  it.each([
    ['PKCS#8 PEM', pkcs8],
    ['OpenSSH', sshFile()],
    ['32 raw bytes', seed],
  ])('%s signs, and its public part is derived', (name, content) => {
    const key = readSigningKey(save('private', content), 'test');
    expect(key.public_key, name).toEqual(raw);
    const message = Buffer.from('message');
    expect(verifyEd25519(raw, message, key.sign(message))).toBe(true);
  });

  it.each([
    ['SPKI PEM', spki],
    ['OpenSSH line', sshLine],
    ['OpenSSH line without comment', sshLine.replace(' me@org', '')],
  ])('%s is public: it may be read by others, and does not sign', (name, content) => {
    const file = save(`public-${name.length}`, content, 0o644);
    expect(readKeyFile(file, 'test')).toEqual({
      key_id: readSigningKey(save('p', pkcs8), 'test').key_id,
      public_key: raw,
    });
    expect(() => readSigningKey(file, 'test')).toThrow('holds only a public key');
  });

  it('is refused by what is wrong with it, which never quotes it', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const encrypted = pair.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });
    const cases: [string | Uint8Array, string][] = [
      [rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }), 'holds no Ed25519 key'],
      [rsa.publicKey.export({ type: 'spki', format: 'pem' }), 'holds no Ed25519 key'],
      [encrypted, 'is encrypted'],
      [sshFile({ cipher: 'aes256-ctr' }), 'is encrypted'],
      [sshFile({ checks: [1, 2] }), 'holds no Ed25519 key'],
      [sshFile({ publicKey: seed }), 'holds no Ed25519 key'],
      [seed.subarray(1), 'holds no Ed25519 key'],
      ['ssh-rsa AAAA', 'holds no Ed25519 key'],
      ['x'.repeat(65 * 1024), 'is too long'],
    ];
    for (const [content, said] of cases) expect(() => readKeyFile(save('bad', content), 'test')).toThrow(said);
    expect(() => readKeyFile(path('absent'), 'test')).toThrow('cannot be read (ENOENT)');
    const exposed = save('exposed', pkcs8);
    chmodSync(exposed, 0o640);
    expect(() => readKeyFile(exposed, 'test')).toThrow('is open to other users');
  });

  it('of any bytes is a key or none, never an error of another kind', () => {
    const text = fc.string({ unit: 'binary' });
    const armoured = fc.uint8Array({ maxLength: 300 }).map((b) => sshArmour(Buffer.from(b)));
    fc.assert(
      fc.property(fc.oneof(text, armoured), (t) => {
        opensshSeed(t);
        opensshPublicKey(t);
      }),
    );
  });

  it.skipIf(!has('ssh-keygen'))('of ssh-keygen itself is read', () => {
    const file = path('id_ed25519');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
    expect(readSigningKey(file, 'test').public_key).toEqual(readKeyFile(`${file}.pub`, 'test').public_key);
  });
});

const sshArmour = (bytes: Buffer) =>
  `-----BEGIN OPENSSH PRIVATE KEY-----\n${Buffer.concat([Buffer.from('openssh-key-v1\0'), bytes]).toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`;

function has(tool: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((dir) => existsSync(join(dir, tool)));
}

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
