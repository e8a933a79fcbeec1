import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Wakeup } from '../../../workers/relay/wakeup.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const opened = () => new Wakeup(new AbortController().signal);

/** Whether `work` is over without any time passing. */
async function isOver(work: Promise<void>): Promise<boolean> {
  let over = false;
  void work.then(() => (over = true));
  await vi.advanceTimersByTimeAsync(0);
  return over;
}

it('a wake that came after `arm` is not slept over, one before it is', async () => {
  const wakeup = opened();
  wakeup.arm();
  wakeup.wake();
  expect(await isOver(wakeup.sleepUnlessWoken(500))).toBe(true);
  wakeup.arm();
  expect(await isOver(wakeup.sleepUnlessWoken(500))).toBe(false);
});

it('a wake that has time lets a sleeper sleep so long, and wakes it before its own time is up', async () => {
  const wakeup = opened();
  wakeup.arm();
  const sleep = wakeup.sleepUnlessWoken(500);
  wakeup.wakeIn(25);
  await vi.advanceTimersByTimeAsync(24);
  expect(await isOver(sleep)).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(await isOver(sleep)).toBe(true);
});
