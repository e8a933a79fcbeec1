import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../domain/doctor/finding.ts';
import { testStack } from '../support/stack.ts';
import type { TestStack } from '../support/stack.ts';
import { startUpstream } from '../support/upstreams.ts';
import { run } from '../unit/cli/run.ts';
import { removeTree } from '../support/remove-tree.ts';

let t: TestStack;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let folder: string;
beforeAll(async () => {
  upstream = await startUpstream(() => 'the credential of the test upstream');
  folder = mkdtempSync(join(tmpdir(), 'interlock-doctor-'));
  const file = join(folder, 'upstreams.yaml');
  writeFileSync(join(folder, 'key'), 'the credential of the test upstream');
  writeFileSync(
    file,
    `version: 1
upstreams:
  - name: model
    kind: provider
    url: ${upstream.url}
    internal: true
    default: true
    auth_ref: file:${join(folder, 'key')}
    readiness: { path: /health }
    auth_check: { path: /models }
    canary: { method: POST, path: /chat, body: ping, expect: { contains: pong } }
`,
  );
  t = await testStack({ env: { INTERLOCK_UPSTREAMS_FILE: file } });
});
afterAll(async () => {
  await t?.close();
  await upstream?.close();
  removeTree(folder);
});

async function failed(): Promise<string[]> {
  const { code, out } = await run(['doctor', '--base-url', t.stack.urls.api, '--json']);
  const bad = (JSON.parse(out) as { checks: Finding[] }).checks.filter(({ ok }) => !ok);
  expect(code).toBe(bad.length === 0 ? 0 : 1);
  return bad.map(({ name, code: word }) => `${name} ${word}`);
}

const finds = (what: string[]) => expect.poll(failed, { timeout: 120_000, interval: 500 }).toEqual(what);

describe('doctor on the running stack', () => {
  it('S1-21 S1-39 finds nothing on a fresh start', async () => {
    await finds([]);
  });

  it('S1-41 S1-42 has the worker ask the upstream with its credential', async () => {
    const words = ['doctor', 'upstreams', '--check-auth', '--check-references', '--canary'];
    expect((await run([...words, '--base-url', t.stack.urls.api])).code).toBe(0);
    writeFileSync(join(folder, 'key'), 'a credential that was revoked');
    const { code, out } = await run([...words, '--base-url', t.stack.urls.api]);
    expect(code).toBe(1);
    expect(out).toMatch(/model +auth +no +auth_failed/);
    expect(out).not.toContain('revoked');
    writeFileSync(join(folder, 'key'), 'the credential of the test upstream');
  });

  it('finds the worker that hangs, and that it is back', async () => {
    await t.stack.kill('control', 'SIGSTOP');
    const found = await failed();
    expect(found).toContain('upstream_references check_failed');
    await t.stack.kill('control', 'SIGCONT');
    await finds([]);
  });
});
