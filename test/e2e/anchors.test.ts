import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { testStack } from '../support/stack.ts';
import type { TestStack } from '../support/stack.ts';

let t: TestStack;
beforeAll(async () => {
  t = await testStack({ env: { INTERLOCK_ANCHOR_INTERVAL: '1', INTERLOCK_WATCH_INTERVAL: '1' } });
});
afterAll(() => t?.close());

interface Ledger {
  anchored_size: number;
  anchor: string;
  halted: boolean;
  origin: string;
}
const ledger = async () => JSON.parse(await t.sh(`curl -s "$API/v1/status" | jq -c .ledger`)) as Ledger;
const violations = `curl -s "$API/api/v1/incidents?class=integrity_violation" | jq -c '[.[].source]'`;

it(
  'anchors come by themselves, also when each process is killed at any moment, and accuse nobody',
  { timeout: 180_000 },
  async () => {
    await eventually(async () => (await ledger()).anchor === 'ok');
    const kills = ['control', 'attester', 'control', 'postgres', 'attester', 'control'];
    for (const [i, name] of kills.entries()) {
      await sleep(700 + i * 137);
      await t.stack.kill(name, 'SIGKILL');
      await t.stack.ready(name);
    }
    await t.stack.ready('control');
    const { anchored_size } = await ledger();
    await eventually(async () => {
      const now = await ledger();
      return now.anchor === 'ok' && now.anchored_size > anchored_size;
    });
    expect((await ledger()).halted).toBe(false);
    expect(await t.sh(violations)).toBe('[]');
  },
);

it('a single operator promotes the record with its origin typed twice', async () => {
  const { origin } = await ledger();
  const promote = `./script/interlock --base-url "$API" restore promote ${origin} --reason restored`;
  await expect(t.sh(promote)).rejects.toThrow(/confirm/);
  expect(await t.sh(`${promote} --confirm ${origin}`)).toContain(`origin: ${origin.replace(/1$/, '2')}`);
  await eventually(async () => (await ledger()).anchor === 'ok');
});
