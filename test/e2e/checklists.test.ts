import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { testStack } from '../support/stack.ts';
import type { TestStack } from '../support/stack.ts';
import { startUpstream } from '../support/upstreams.ts';
import { run } from '../unit/cli/run.ts';
import { removeTree } from '../support/remove-tree.ts';

interface Walked {
  state: string;
  steps: { id: string; person?: true; command?: string; taken: { outcome: string; by: string } | null }[];
}

let t: TestStack;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let accepted = 'the-old-credential-of-the-upstream';
let incident = '';
const folder = mkdtempSync(join(tmpdir(), 'interlock-checklists-'));
const tokenFile = (name: string) => join(folder, `${name}.token`);
const cli = (argv: string[], env: Record<string, string> = {}) =>
  run([...argv, '--base-url', t.stack.urls.api, '--token-file', tokenFile('admin')], {
    PATH: process.env['PATH'] ?? '',
    INTERLOCK_URL: t.stack.urls.api,
    STATE_ROOT: t.stateRoot,
    ...env,
  });

beforeAll(async () => {
  for (const name of ['admin', 'readonly'])
    writeFileSync(tokenFile(name), `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  upstream = await startUpstream(() => accepted);
  writeFileSync(
    join(folder, 'upstreams.yaml'),
    `version: 1
upstreams:
  - name: model
    kind: provider
    url: ${upstream.url}
    internal: true
    default: true
    auth_ref: slot:model.key
    readiness: { path: /health }
    auth_check: { path: /models }
    canary: { method: POST, path: /chat, body: ping, expect: { contains: pong } }
`,
  );
  t = await testStack({
    env: {
      INTERLOCK_UPSTREAMS_FILE: join(folder, 'upstreams.yaml'),
      INTERLOCK_ADMIN_TOKEN_FILE: tokenFile('admin'),
      INTERLOCK_READONLY_TOKEN_FILE: tokenFile('readonly'),
    },
  });
  writeFileSync(join(folder, 'old.key'), accepted, { mode: 0o600 });
  await cli([
    'secrets',
    'set',
    'model.key',
    '--kind',
    'provider',
    '--class',
    'control',
    '--from-file',
    join(folder, 'old.key'),
  ]);
  const report = ['incident', 'report', '--class', 'policy_bypass_attempt', '--source', 'drill', '--description', 'd'];
  incident = (JSON.parse((await cli([...report, '--json'])).out) as { id: string }).id;
  await eventually(async () => (await cli(['doctor'])).code === 0);
});
afterAll(async () => {
  await t?.close();
  await upstream?.close();
  removeTree(folder);
});

/** A checklist by the digest that its steps were shown with. */
async function reviewed(name: string): Promise<string[]> {
  const words = ['incident', 'checklist', incident, name];
  const { digest } = JSON.parse((await cli([...words, '--json'])).out) as { digest: string };
  return [...words, '--digest', `sha256:${digest}`];
}

/** Walks a checklist by itself; what only a person can say stays open, and nothing else does. */
async function walk(name: string, env: Record<string, string> = {}): Promise<Walked> {
  const { code, out, err } = await cli([...(await reviewed(name)), '--run', '--yes', '--json'], env);
  const walked = JSON.parse(out) as Walked;
  const open = walked.steps.filter((s) => s.taken === null).map((s) => s.id);
  const people = walked.steps.filter((s) => s.person === true || s.command === undefined).map((s) => s.id);
  expect([name, open, err.includes('not as expected')]).toEqual([name, people, false]);
  expect(code).toBe(people.length === 0 ? 0 : 3);
  return walked;
}
async function settle(name: string, { steps }: Walked): Promise<void> {
  for (const { id, taken } of steps)
    if (taken === null)
      await cli(['incident', 'checklist', incident, name, '--step', id, '--outcome', 'done', '--note', 'drill']);
  const after = JSON.parse((await cli(['incident', 'checklist', incident, name, '--json'])).out) as Walked;
  expect(after.state).toBe('done');
}

describe('the checklists of the scenarios, walked on the running stack', () => {
  it('S1-109 S1-140 a leaked admin token: the file is rotated, the old one fails, and the walk goes on with the new one', async () => {
    const old = readFileSync(tokenFile('admin'), 'utf8').trim();
    const name = 'leaked-admin-token';
    const walked = await walk(name);
    expect(readFileSync(tokenFile('admin'), 'utf8').trim()).not.toBe(old);
    writeFileSync(join(folder, 'old.token'), old, { mode: 0o600 });
    const withOld = ['incident', 'list', '--base-url', t.stack.urls.api, '--token-file', join(folder, 'old.token')];
    expect((await run(withOld)).code).toBe(6);
    expect(walked.steps[0]?.taken?.by).toBe('admin-token');
    await settle(name, walked);
  });

  it('S1-110 a leaked provider key: revoked, replaced, and the upstream takes the new one', async () => {
    const name = 'leaked-provider-key';
    accepted = 'the-new-credential-of-the-upstream';
    writeFileSync(join(folder, 'new.key'), accepted, { mode: 0o600 });
    const env = { SLOT: 'model.key', UPSTREAM: 'model', NEW_KEY_FILE: join(folder, 'new.key') };
    await settle(name, await walk(name, env));
  });

  it('a copied state root: keys kept, the vault closed, both tokens replaced, an inventory of the files', async () => {
    const name = 'state-exfiltration';
    await settle(name, await walk(name, { KEEP: join(folder, 'kept') }));
    expect(readFileSync(join(folder, 'kept', 'checkpoint'), 'utf8')).toContain('\n');
  });

  it('stops where an expectation fails', async () => {
    const env = {
      PUBLIC_URL: t.stack.urls.api,
      ORIGIN: 'http://evil.example',
      ALLOWED_ORIGIN: 'http://localhost:5173',
    };
    const { code, err } = await cli([...(await reviewed('cors-exposure')), '--run', '--yes'], env);
    // In loopback trust everybody on this machine is let in: the smoke for a token finds exactly that.
    expect(code).toBe(1);
    expect(err).toContain('not as expected');
    const shown = JSON.parse((await cli(['incident', 'checklist', incident, 'cors-exposure', '--json'])).out) as Walked;
    expect(shown.steps.map((s) => s.taken?.outcome ?? 'open').slice(0, 4)).toEqual(['open', 'done', 'failed', 'open']);
  });
});
