import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../../unit/cli/run.ts';
import { reportIncident } from '../../support/record.ts';
import { startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';
import { flipBit, fresh, nameOf } from './support.ts';
import { removeTree } from '../../support/remove-tree.ts';

let api: ApiUnderTest;
let root: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'interlock-registry-'));
  api = await startApi({ stateRoot: root });
});
afterAll(async () => {
  await api?.close();
  removeTree(root);
});

const interlock = (...argv: string[]) => run([...argv, '--base-url', api.url]);
const DIGEST = `sha256:${'3'.repeat(64)}`;

it('a folder is published, listed, shown and got back, twice with one outcome', async () => {
  const folder = join(root, 'bundle');
  const weights = fresh(17 * 1024 * 1024 + 3);
  mkdirSync(join(folder, 'model'), { recursive: true });
  writeFileSync(join(folder, 'LICENSE'), 'a license');
  writeFileSync(join(folder, 'model', 'weights.bin'), weights);
  const publish = () =>
    interlock(
      ...['registry', 'publish', 'demo', '1.0', folder, '--transition', DIGEST, '--license', 'MIT'],
      ...['--license-file', 'LICENSE', '--policy-profile', 'audit-strict', '--policy-hash', DIGEST],
    );
  const first = await publish();
  expect(first).toMatchObject({ code: 0, err: '' });
  expect((await publish()).out).toBe(first.out);
  expect((await interlock('registry', 'list')).out).toContain('demo');
  expect((await interlock('registry', 'show', 'demo', '1.0')).out).toContain('model/weights.bin');
  const file = join(root, 'got');
  expect((await interlock('registry', 'get', nameOf(weights), '--out', file)).code).toBe(0);
  expect(readFileSync(file).equals(weights)).toBe(true);
});

it('a file is put; a quarantined one is not got, and leaves no file; a corrupt one fails verification', async () => {
  const bytes = fresh(100);
  const [path, out] = [join(root, 'file'), join(root, 'not-there')];
  writeFileSync(path, bytes);
  expect((await interlock('registry', 'put', path)).out).toContain(nameOf(bytes));
  expect(await interlock('blob', 'verify', nameOf(bytes))).toMatchObject({ code: 0 });
  const evidence = { model_digest: nameOf(bytes), subject: 'agent:1' };
  const { id } = await reportIncident(api.db, 'manifest_mismatch', { evidence });
  const refused = await interlock('registry', 'get', nameOf(bytes), '--out', out);
  expect(refused.code).toBe(4);
  expect(refused.err).toContain(id);
  expect(() => readFileSync(out)).toThrow();
  const release = await interlock('model', 'release', nameOf(bytes), '--verified', '--reason', 'read');
  expect([release.code, release.err.includes('model_not_registered') || release.err.includes('bundle')]).toEqual([
    4,
    true,
  ]);
  flipBit(join(root, 'blobs'), bytes);
  expect(await interlock('blob', 'verify', nameOf(bytes))).toMatchObject({ code: 1 });
});

it('S0-17 a corrupt file is restored from a backup: a folder has no older versions', async () => {
  const bytes = fresh(2 * 1024 * 1024);
  const path = join(root, 'backup');
  writeFileSync(path, bytes);
  await interlock('registry', 'put', path);
  flipBit(join(root, 'blobs'), bytes);
  const without = await interlock('blob', 'restore', nameOf(bytes));
  expect([without.code, without.err.includes('older version')]).toEqual([4, true]);
  const restored = await interlock('blob', 'restore', nameOf(bytes), '--from', path);
  expect([restored.code, restored.out.includes('restored: upload')]).toEqual([0, true]);
  expect(await interlock('blob', 'verify', nameOf(bytes))).toMatchObject({ code: 0 });
});
