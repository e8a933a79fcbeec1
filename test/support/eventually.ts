import { setTimeout as sleep } from 'node:timers/promises';

/** Repeats `look` until it returns something other than undefined, null or false; fails after `withinMs`. */
export async function eventually<T>(
  look: () => Promise<T>,
  withinMs = 90_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found as Exclude<T, false | null | undefined>;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${look.toString()}`);
    await sleep(50);
  }
}
