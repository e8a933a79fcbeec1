import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post } from '../support/calls.ts';
import { eventually } from '../support/eventually.ts';
import { testStack } from '../support/stack.ts';
import type { TestStack } from '../support/stack.ts';
import { typedAt } from '../support/typed.ts';
import type { Ran } from '../support/typed.ts';

const GENEROUS_MS = 180_000;
let t: TestStack;
beforeAll(async () => {
  t = await testStack({ env: { INTERLOCK_WATCH_INTERVAL: '3600' } });
}, GENEROUS_MS);
afterAll(() => t?.close());

const interlock = (...argv: string[]): Promise<Ran> => typedAt(t.stack.urls.api, argv);

interface Shown {
  export_id: string;
  state: string;
  reason_code: string | null;
  held: boolean;
  key: string;
  approvals: { actor: string; single_operator: boolean }[];
}
const shown = ({ out }: Ran) => JSON.parse(out) as Shown;
const show = async (id: string, ...flags: string[]) => {
  const ran = await interlock('export', 'show', id, '--json', ...flags);
  return { ...shown(ran), code: ran.code };
};
const until = (id: string, state: string) =>
  eventually(async () => {
    const now = await show(id);
    return now.state === state && now;
  }, GENEROUS_MS);

const request = (...flags: string[]) =>
  interlock('export', 'request', 'agent', '1.0.0', '--to', 'file', '--reason', 'a customer waits', '--json', ...flags);
async function pending(): Promise<string> {
  const { export_id } = shown(await request('--wait'));
  await until(export_id, 'pending_approval');
  return export_id;
}

describe('an export, from its request to whoever verifies it', () => {
  it(
    'S0-01 S0-05 S0-09 leaves when it is approved, and is verified with no server',
    async () => {
      const folder = join(t.stateRoot, 'agent');
      mkdirSync(folder);
      writeFileSync(join(folder, 'LICENSE'), 'do as you like\n');
      writeFileSync(join(folder, 'prompt.md'), 'be brief\n');
      const missing = await request('--wait');
      expect(missing.code).toBe(4);
      expect(shown(missing)).toMatchObject({ state: 'blocked', reason_code: 'bundle_unregistered', held: false });
      const published = await interlock(
        ...['registry', 'publish', 'agent', '1.0.0', folder, '--license', 'MIT', '--license-file', 'LICENSE'],
        ...['--transition', `sha256:${'1'.repeat(64)}`, '--policy-profile', 'lab-default'],
        ...['--policy-hash', `sha256:${'2'.repeat(64)}`],
      );
      expect(published).toMatchObject({ code: 0 });

      const asked = await request('--wait', '--ticket', 'T-1');
      const { export_id: id, key } = shown(asked);
      await until(id, 'pending_approval');
      expect((await show(id)).code).toBe(3);
      expect((await interlock('status')).out).toContain('waiting_for_approval: 1');
      const refused = await interlock('export', 'approve', id);
      expect([refused.code, refused.err]).toEqual([4, expect.stringContaining('confirmation_required') as string]);
      expect((await interlock('export', 'approve', id, '--confirm', id)).code).toBe(0);
      const done = await until(id, 'exported');
      expect(done.code).toBe(0);
      expect(done.approvals).toMatchObject([{ actor: 'local-operator', single_operator: true }]);

      const archive = join(t.stateRoot, 'exports', key);
      const keys = join(t.stateRoot, 'known-keys.json');
      writeFileSync(keys, (await interlock('provenance', 'keys', '--json')).out);
      const verified = await interlock('export', 'verify', archive, '--key-file', keys);
      expect(verified).toMatchObject({ code: 0 });
      expect(verified.out).toContain('verified: yes');
      expect(readdirSync(join(t.stateRoot, 'exports'), { recursive: true }).join()).toContain(id);
    },
    GENEROUS_MS,
  );

  it(
    'is held by a closed airlock, and goes on when the incidents are resolved',
    async () => {
      const ids: string[] = [];
      for (let i = 0; i < 5; i++) {
        const body = { class: 'forbidden_airlock_request', source: `s${i}`, description: 'd' };
        const { body: said } = await post(`${t.stack.urls.api}/api/v1/incidents/report`, body);
        ids.push((said as unknown as { id: string }).id);
      }
      const asked = await request('--wait');
      expect(asked.code).toBe(4);
      expect(shown(asked)).toMatchObject({ state: 'blocked', reason_code: 'airlock_closed', held: true });
      for (const id of ids) await interlock('incident', 'resolve', id);
      await until(shown(asked).export_id, 'pending_approval');
      const rejected = await interlock('export', 'reject', shown(asked).export_id, '--reason', 'not now');
      expect(rejected.code).toBe(0);
      expect((await show(shown(asked).export_id)).code).toBe(5);
    },
    GENEROUS_MS,
  );

  it(
    'goes on after kill -9 of the control process, and is cancelled by who asked for it',
    async () => {
      const id = await pending();
      const approved = interlock('export', 'approve', id, '--confirm', id);
      await t.stack.kill('control', 'SIGKILL');
      await t.stack.ready('control');
      await approved;
      // Nobody may have heard it: then it is said again, and where it was heard that changes nothing.
      await eventually(async () => {
        const now = await show(id);
        if (now.state === 'pending_approval') await interlock('export', 'approve', id, '--confirm', id);
        return now.state !== 'pending_approval';
      }, GENEROUS_MS);
      await until(id, 'exported');
      const other = await pending();
      expect((await interlock('export', 'cancel', other)).code).toBe(0);
      expect((await show(other)).state).toBe('cancelled');
      const listed = await interlock('export', 'list', '--state', 'exported', '--json');
      expect((JSON.parse(listed.out) as Shown[]).map((x) => x.export_id)).toContain(id);
    },
    GENEROUS_MS,
  );
});
