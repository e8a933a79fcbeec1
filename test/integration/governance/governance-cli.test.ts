import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { instanceName } from '../../../db/read/operator-keys.ts';
import { receiptPublicKeyFile, receiptSigner } from '../../../config/receipt-key-file.ts';
import { run } from '../../unit/cli/run.ts';
import { eventually } from '../../support/eventually.ts';
import { keyFolder, seed, sshFile } from '../../support/key-files.ts';
import { startSequencers } from '../../support/log.ts';
import { newKey } from '../../support/operator-keys.ts';
import { startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';
import { removeTree } from '../../support/remove-tree.ts';

let api: ApiUnderTest;
let sequencers: { stop: () => Promise<void> };
const root = mkdtempSync(join(tmpdir(), 'interlock-governance-'));
const keys = keyFolder();
const key = keys.save('operator.pem', newKey().pem);
beforeAll(async () => {
  api = await startApi({ stateRoot: root, receiptKey: receiptSigner(root) });
  sequencers = startSequencers(api);
  await eventually(() => instanceName(api.db));
  expect(await interlock('keys', 'register', '--file', key)).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await sequencers?.stop();
  await api?.close();
  keys.remove();
  removeTree(root);
});

const interlock = (...argv: string[]) => run([...argv, '--base-url', api.url]);
const json = async <T>(...argv: string[]) => JSON.parse((await interlock(...argv, '--json')).out) as T;
const HASH = `sha256:${'3'.repeat(64)}`;

let made = 0;
/** A published bundle in a folder of its own, with its license document where the runbook has it. */
async function published(files: Record<string, string> = {}) {
  made += 1;
  const folder = join(root, `bundle-${made}`);
  const transition = `sha256:${String(made).padStart(64, '7')}`;
  mkdirSync(join(folder, 'governance'), { recursive: true });
  writeFileSync(join(folder, 'governance', 'license.json'), `{"license":"Apache-2.0","n":${made}}`);
  writeFileSync(join(folder, 'model.bin'), `model ${made}`);
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  const publish = () =>
    interlock(
      ...['registry', 'publish', `model-${made}`, '1.0', folder, '--transition', transition, '--license', 'Apache-2.0'],
      ...['--license-file', 'governance/license.json', '--policy-profile', 'audit-strict', '--policy-hash', HASH],
    );
  expect(await publish()).toMatchObject({ code: 0, err: '' });
  return { folder, transition, publish, ledger: join(folder, 'governance', 'ledger.jsonl') };
}

const why = join(root, 'incident_1234_waiver.txt');
writeFileSync(why, 'Incident 1234: the approvers cannot be reached, the fix is safe.\n');

/** The eight flags of the runbook; `over` says some of them otherwise. */
const waive = (b: { folder: string; transition: string }, over: Record<string, string> = {}) =>
  interlock(
    ...['governance', 'waive'],
    ...Object.entries({
      bundle: b.folder,
      transition: b.transition,
      scope: 'export_unapproved',
      justification: `@${why}`,
      role: 'safety_reviewer',
      identity: 'safety@example.org',
      'signing-key': key,
      license: join(b.folder, 'governance', 'license.json'),
      ...over,
    }).flatMap(([flag, value]) => [`--${flag}`, value]),
  );
const linesOf = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');

describe('governance waive', () => {
  it('S0-18 S0-19 S0-20 S0-21 S0-22 S0-23 with its eight flags puts a waiver on record and into the bundle’s ledger', async () => {
    const b = await published();
    const said = await waive(b);
    expect(said).toMatchObject({ code: 0, err: '' });
    const id = /^waiver: (WVR-\S+)$/m.exec(said.out)?.[1] ?? '';
    expect(statSync(b.ledger).mode & 0o777).toBe(0o644);
    expect(linesOf(b.ledger)).toHaveLength(1);
    expect((await interlock('governance', 'list')).out).toContain(id);
    expect((await interlock('governance', 'show', id)).out).toContain('the approvers cannot be reached');
    const replay = await interlock(
      'governance',
      'replay',
      '--bundle',
      b.folder,
      '--key-file',
      receiptPublicKeyFile(root),
    );
    expect(replay).toMatchObject({ code: 0, err: '' });
    expect(replay.out).toContain('receipts: verified');
    expect(replay.out).toMatch(new RegExp(`${id} +standing +local-operator +safety_reviewer`));
    // The ledger grows, the bundle stays what was published.
    expect(await b.publish()).toMatchObject({ code: 0, err: '' });
  });

  it.each(['for', 'name'])('takes --%s besides', async (flag) => {
    const b = await published();
    const over = flag === 'for' ? { for: '2h' } : { name: `model-${made}`, version: '1.0' };
    expect(await waive(b, over)).toMatchObject({ code: 0 });
  });

  it('signs with an OpenSSH key and with a raw seed', async () => {
    const ssh = keys.save('operator.ssh', sshFile());
    const raw = keys.save('operator.seed', seed);
    expect(await interlock('keys', 'register', '--file', ssh)).toMatchObject({ code: 0 });
    const b = await published();
    expect(await waive(b, { 'signing-key': ssh })).toMatchObject({ code: 0 });
    expect(await waive(b, { 'signing-key': raw, for: '1h' })).toMatchObject({ code: 0 });
    expect(linesOf(b.ledger)).toHaveLength(2);
  });

  it('completes a ledger that was cut off, and goes on behind it', async () => {
    const b = await published();
    const first = await waive(b);
    const line = readFileSync(b.ledger);
    writeFileSync(b.ledger, line.subarray(0, 100));
    expect(await interlock('governance', 'replay', '--bundle', b.folder)).toMatchObject({ code: 1 });
    await waive(b, { for: '3h' });
    expect(linesOf(b.ledger)).toHaveLength(2);
    expect(readFileSync(b.ledger).subarray(0, line.length).equals(line)).toBe(true);
    expect(first.code).toBe(0);
  });

  it('whose answer never came is sent again as it was signed', async () => {
    const b = await published();
    // A folder where the file should be: the line cannot be added, the waiver is on record.
    mkdirSync(b.ledger, { recursive: true });
    expect(await waive(b)).toMatchObject({ code: 1 });
    rmSync(b.ledger, { recursive: true });
    const pending = join(b.folder, 'governance', '.waiver-pending.json');
    expect(existsSync(pending)).toBe(true);
    expect(await waive(b)).toMatchObject({ code: 0 });
    expect([linesOf(b.ledger).length, existsSync(pending)]).toEqual([1, false]);
  });

  it('adds nothing to a ledger that is not the server’s', async () => {
    const b = await published();
    await waive(b);
    appendFileSync(b.ledger, 'else\n');
    const before = readFileSync(b.ledger);
    const said = await waive(b, { for: '1h' });
    expect([said.code, said.err]).toEqual([1, expect.stringContaining('line 2 differs') as string]);
    expect(readFileSync(b.ledger).equals(before)).toBe(true);
  });

  it('is refused for what it is not: by the command line, by the folder, by the server', async () => {
    const b = await published();
    const outside = join(root, 'license.json');
    writeFileSync(outside, readFileSync(join(b.folder, 'governance', 'license.json')));
    const empty = join(root, 'empty.txt');
    writeFileSync(empty, ' \n');
    const stranger = keys.save('stranger.pem', newKey().pem);
    const refused: [Record<string, string>, number, string][] = [
      [{ scope: 'export_corrupt' }, 2, 'export_unapproved'],
      [{ justification: 'because' }, 2, '@FILE'],
      [{ justification: '@/nowhere' }, 2, 'cannot be read'],
      [{ justification: `@${empty}` }, 2, 'holds no text'],
      [{ transition: 'sha256:1' }, 2, 'no digest'],
      [{ transition: `sha256:${'e'.repeat(64)}` }, 1, 'no bundle of this transition'],
      [{ license: outside }, 2, 'not in the folder'],
      [{ license: join(b.folder, 'model.bin') }, 1, 'not the license'],
      [{ license: join(b.folder, 'governance', 'none.json') }, 2, 'cannot be read'],
      [{ identity: 'nobody' }, 2, 'no waiver'],
      [{ for: '8d' }, 2, '7d'],
      [{ 'signing-key': '/nowhere' }, 2, 'cannot be read'],
      [{ 'signing-key': stranger }, 6, 'not registered'],
      [{ role: 'viewer' }, 6, 'not permitted'],
      [{ name: 'model-x', version: '1.0' }, 1, 'no such bundle'],
    ];
    for (const [over, code, words] of refused) {
      const said = await waive(b, over);
      expect([said.code, said.err], JSON.stringify(over)).toEqual([code, expect.stringContaining(words) as string]);
    }
    expect(existsSync(b.ledger)).toBe(false);
    writeFileSync(join(b.folder, 'model.bin'), 'another model');
    expect((await waive(b)).err).toContain('model.bin is not there');
    const missing = await published();
    rmSync(join(missing.folder, 'governance', 'license.json'));
    expect((await waive(missing)).code).not.toBe(0);
  });
});

describe('governance revoke and replay', () => {
  it('a revocation is a line of its own', async () => {
    const b = await published();
    await waive(b);
    const digest = (await json<{ bundle: { digest: string } }>('governance', 'replay', '--bundle', b.folder)).bundle
      .digest;
    const [{ waiver_id } = { waiver_id: '' }] = await json<{ waiver_id: string }[]>(
      'governance',
      'list',
      '--bundle',
      digest,
    );
    expect(
      await interlock('governance', 'revoke', waiver_id, '--reason', 'approved after all', '--bundle', b.folder),
    ).toMatchObject({ code: 0 });
    expect(linesOf(b.ledger)).toHaveLength(2);
    expect((await interlock('governance', 'replay', '--bundle', b.folder)).out).toMatch(/revoked/);
    expect(await interlock('governance', 'revoke', 'WVR-20260101-0123456789abcdef', '--reason', 'r')).toMatchObject({
      code: 1,
    });
  });

  it('S0-23 says which line is wrong, and with the server also what was cut off', async () => {
    const b = await published();
    await waive(b);
    await waive(b, { for: '1h' });
    const whole = readFileSync(b.ledger);
    const replay = (...more: string[]) => interlock('governance', 'replay', '--bundle', b.folder, ...more);
    expect((await replay('--online')).out).toContain('server: same');
    const changed = Buffer.from(whole);
    changed[changed.length - 10] = (changed[changed.length - 10] ?? 0) ^ 1;
    writeFileSync(b.ledger, changed);
    expect(await replay()).toMatchObject({ code: 1, out: expect.stringContaining('wrong at line 2') as string });
    writeFileSync(b.ledger, whole.subarray(0, whole.indexOf(0x0a) + 1));
    expect(await replay()).toMatchObject({ code: 0 });
    expect(await replay('--online')).toMatchObject({
      code: 1,
      out: expect.stringContaining('behind at line 2') as string,
    });
    rmSync(b.ledger);
    expect((await replay()).err).toContain('there is no');
    writeFileSync(b.ledger, whole);
    const other = keys.save('other.pem', newKey().pem);
    expect(await replay('--key-file', other)).toMatchObject({
      code: 1,
      out: expect.stringContaining('receipt_key_unknown') as string,
    });
  });
});
