import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openForensicKey } from '../../../api/forensic/open-key.ts';
import { sweepSpool } from '../../../api/forensic/spool.ts';
import { parseTokens } from '../../../api/auth/tokens-file.ts';
import { readForensicKeys } from '../../../cli/forensic/keys.ts';
import { createForensicKey } from '../../../config/forensic-key-file.ts';
import { rows } from '../../../db/client.ts';
import { abandonExport, requestSignature, signatureOf } from '../../../db/command/forensic-exports.ts';
import { eventually } from '../../support/eventually.ts';
import { EXPORT, startForensic } from '../../support/forensic.ts';
import type { ForensicUnderTest } from '../../support/forensic.ts';
import { verdictOf } from '../../support/forensic-verdict.ts';

const hash = (token: string) => createHash('sha256').update(token).digest('hex');
const BEARER = 'a-bearer-token-that-somebody-took-for-a-key';
const TOKENS = parseTokens(
  JSON.stringify([
    { sha256: hash('sam'), user: 'sam', role: 'security_owner' },
    { sha256: hash('lena'), user: 'lena', role: 'security_owner', workspace: 'lab' },
    { sha256: hash('olga'), user: 'olga', roles: ['operator', 'auditor', 'org_admin', 'viewer'] },
    { sha256: hash(BEARER), user: 'eve', role: 'viewer' },
  ]),
);

let f: ForensicUnderTest;
let logged = '';
beforeAll(async () => {
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged += chunk.toString();
      done();
    },
  });
  const auth = { loopbackTrust: false, tokens: async () => TOKENS };
  f = await startForensic({ auth, signer: false, log: pino(sink) });
});
afterAll(() => f?.close());
beforeEach(() => {
  rmSync(f.keyFile, { force: true });
  writeFileSync(f.keyFile, Buffer.from(f.key.key), { mode: 0o600 });
});

const as = (user: string, headers: Record<string, string> = {}) =>
  f.get(EXPORT, { headers: { Authorization: `Bearer ${user}`, ...headers } });
const codeOf = async (response: Promise<Response>) => {
  const { status, body } = await response.then(async (r) => ({ status: r.status, body: await r.text() }));
  const key = Buffer.from(f.key.key).toString();
  expect([body.includes(key), body.includes(key.slice(0, 16)), logged.includes(key.slice(0, 16))]).toEqual([
    false,
    false,
    false,
  ]);
  return `${status} ${(JSON.parse(body) as { code?: string }).code ?? 'bundle'}`;
};
const entries = (action: string) =>
  rows<{ leaf: string }>(f.db, 'SELECT leaf FROM ledger_entries WHERE action = $1 ORDER BY entry_id', [action]);
const leftovers = () => readdirSync(join(f.stateRoot, 'spool'));

describe('ForensicBundle refusals', () => {
  it('S4-38 only a security owner exports, and only the own workspace', async () => {
    expect(await codeOf(f.get(EXPORT))).toBe('401 unauthenticated');
    expect(await codeOf(as('olga'))).toBe('403 not_permitted');
    expect(await codeOf(as('lena', { 'X-Interlock-Workspace': 'default' }))).toBe('403 not_permitted');
    expect(await entries('forensic_exported')).toEqual([]);
  });

  it('nothing is sent that the log has not signed; that it failed is on record', async () => {
    expect(await codeOf(as('sam'))).toBe('503 log_signer_unavailable');
    expect(leftovers()).toEqual([]);
    expect(await entries('forensic_exported')).toEqual([]);
    const [failed, ...more] = await entries('forensic_export_failed');
    expect(more).toEqual([]);
    expect(JSON.parse(failed?.leaf ?? '')).toMatchObject({
      actor: 'sam',
      detail: { code: 'log_signer_unavailable', bundle_hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
    });
    // Who comes too late signs what nobody waits for no more.
    const signer = f.startSigner();
    expect(await codeOf(as('lena'))).toBe('200 bundle');
    const signed = await rows<{ n: number }>(
      f.db,
      'SELECT count(*) AS n FROM forensic_exports WHERE signed_at IS NOT NULL',
    );
    expect(signed).toEqual([{ n: 1 }]);
    await signer.stop();
  });

  it('a signature that comes at the last moment counts', async () => {
    const asked = as('sam');
    await eventually(
      async () =>
        (await rows(f.db, 'SELECT 1 FROM forensic_exports WHERE signed_at IS NULL AND failed_at IS NULL')).length > 0,
    );
    const signer = f.startSigner();
    expect(await codeOf(asked)).toBe('200 bundle');
    await signer.stop();
  });

  it('what the process that asked for it did not live to send is recorded as failed, not signed', async () => {
    const asked = { workspace_id: 'default', actor: 'sam', on_behalf_of: null, export_id: 'FEX-gone', epoch: 1 };
    const bundle = {
      bundle_hash: 'a'.repeat(64),
      key_id: 'k',
      exported_at: '2026-11-21T12:00:00.000Z',
      policy_digest: null,
    };
    await requestSignature(f.db, { ...asked, ...bundle, incidents: 0, audit_entries: 0 }, -1000);
    const signer = f.startSigner();
    await eventually(async () =>
      (await entries('forensic_export_failed')).some(({ leaf }) => leaf.includes('FEX-gone')),
    );
    await signer.stop();
    expect(await signatureOf(f.db, asked)).toBeUndefined();
    expect(await abandonExport(f.db, asked)).toBeUndefined();
    const failed = (await entries('forensic_export_failed')).filter(({ leaf }) => leaf.includes('FEX-gone'));
    expect(failed.length).toBe(1);
  });

  it('the log’s key signs digests and nothing else', async () => {
    const insert = `INSERT INTO forensic_exports (workspace_id, export_id, bundle_hash, key_id, exported_at, incidents, audit_entries, epoch, requested_at, expires_at, actor)
      VALUES ('default', 'FEX-1', $1, 'k', now(), 0, 0, 1, now(), now(), 'eve')`;
    for (const bundle_hash of ['', 'f'.repeat(63), 'F'.repeat(64), 'vm/2\n0\n'])
      await expect(f.db.query(insert, [bundle_hash])).rejects.toMatchObject({ code: '23514' });
  });

  it.each<[string, () => void, string]>([
    ['is missing', () => rmSync(f.keyFile), 'forensic_key_missing'],
    ['others can read', () => chmodSync(f.keyFile, 0o640), 'forensic_key_unusable'],
    ['is too short', () => writeFileSync(f.keyFile, 'k'.repeat(31)), 'forensic_key_unusable'],
    ['is no key', () => writeFileSync(f.keyFile, 'k'.repeat(5000)), 'forensic_key_unusable'],
    ['is a bearer token', () => writeFileSync(f.keyFile, `${BEARER}\n`), 'forensic_key_unusable'],
  ])('a key that %s signs nothing', async (_what, spoil, code) => {
    spoil();
    const before = await entries('forensic_export_failed');
    expect(await codeOf(as('sam'))).toBe(`503 ${code}`);
    expect(await entries('forensic_export_failed')).toEqual(before);
  });

  it('no room on the disk is no bundle', async () => {
    const spool = join(f.stateRoot, 'spool');
    renameSync(spool, `${spool}.away`);
    writeFileSync(spool, '');
    expect(await codeOf(as('sam'))).toBe('503 spool_unavailable');
    rmSync(spool);
    renameSync(`${spool}.away`, spool);
  });

  it('two at a time, and the next one when one is over', async () => {
    const first = [as('sam'), as('sam')];
    await eventually(
      async () =>
        (await rows(f.db, 'SELECT 1 FROM forensic_exports WHERE signed_at IS NULL AND failed_at IS NULL')).length === 2,
    );
    expect(await codeOf(as('lena'))).toBe('429 too_many_requests');
    const signer = f.startSigner();
    for (const each of first) expect(await codeOf(each)).toBe('200 bundle');
    expect(await codeOf(as('lena'))).toBe('200 bundle');
    await signer.stop();
  });

  it('S4-41 a retired key verifies what it signed, beside the key that took its place', async () => {
    const signer = f.startSigner();
    const old = await (await as('sam')).text();
    mkdirSync(`${f.keyFile}.retired`);
    renameSync(f.keyFile, `${f.keyFile}.retired/2026`);
    expect(await codeOf(as('sam'))).toBe('503 forensic_key_missing');
    createForensicKey(f.keyFile);
    const now = await (await as('sam')).text();
    await signer.stop();
    const keys = readForensicKeys(f.keyFile);
    expect(new Set(keys.map((k) => k.key_id)).size).toBe(2);
    for (const bundle of [old, now])
      expect(await verdictOf(bundle, { forensicKeys: keys })).toMatchObject({ problems: [], signature: 'good' });
    const { problems } = await verdictOf(old, { forensicKeys: keys.slice(0, 1) });
    expect(problems.map((p) => p.code)).toEqual(['key_unknown']);
    rmSync(`${f.keyFile}.retired`, { recursive: true });
  });

  it('S4-41 the embedded server makes its key, once; a named one has to be there, for its owner only', () => {
    const log = pino({ level: 'silent' });
    const root = join(f.stateRoot, 'fresh');
    const embedded = { forensicKeyFile: undefined, stateRoot: root, env: 'embedded' } as const;
    const key = openForensicKey(embedded, log)();
    expect(openForensicKey(embedded, log)()).toEqual(key);
    const path = join(root, 'keys', 'forensic.key');
    expect(readFileSync(path).length).toBe(64);
    expect(readdirSync(dirname(path))).toEqual(['forensic.key']);
    const production = { ...embedded, stateRoot: join(f.stateRoot, 'production'), env: 'production' } as const;
    expect(openForensicKey(production, log)).toThrow(
      expect.objectContaining({ code: 'forensic_key_missing' }) as Error,
    );
    const named = { ...production, forensicKeyFile: join(f.stateRoot, 'nowhere') };
    expect(() => openForensicKey(named, log)).toThrow(/nowhere is not there/);
    chmodSync(path, 0o604);
    expect(() => openForensicKey({ ...named, forensicKeyFile: path }, log)).toThrow(/is open to other users/);
  });

  it('what a killed process left in the spool is gone after a start', async () => {
    const spool = join(f.stateRoot, 'spool');
    writeFileSync(join(spool, 'forensic-left'), 'x');
    writeFileSync(join(spool, 'of-somebody-else'), 'x');
    await sweepSpool(f.stateRoot);
    expect(leftovers()).toEqual(['of-somebody-else']);
    rmSync(join(spool, 'of-somebody-else'));
    await sweepSpool(join(f.stateRoot, 'nowhere'));
  });
});
