import type { Stream } from './output.ts';

/** What is done before this many milliseconds needs no explanation. */
const QUIET_MS = 1000;
const STEP_MS = 200;
const WIDTH = 20;

/** Waits for `work` under a bar that says how long it has taken, and how much is done where that is known. */
export async function withProgress<T>(
  stream: Stream | undefined,
  label: string,
  work: Promise<T>,
  done: () => { done: number; of: number } | undefined = () => undefined,
): Promise<T> {
  if (stream === undefined) return work;
  const start = performance.now();
  const state = { drawn: false };
  const timer = setInterval(() => {
    const ms = performance.now() - start;
    if (ms < QUIET_MS) return;
    stream.write(`\r\u001b[K${barLine(label, ms, done())}`);
    state.drawn = true;
  }, STEP_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (state.drawn) stream.write('\r\u001b[K');
  }
}

/** `label [#####.....] 1,000 of 4,000, 3 s`; a bar that wanders where the end is not known. */
export function barLine(label: string, ms: number, part: { done: number; of: number } | undefined): string {
  const seconds = `${Math.floor(ms / 1000)} s`;
  if (part === undefined) {
    const at = Math.floor(ms / STEP_MS) % WIDTH;
    return `${label} [${'.'.repeat(at)}#${'.'.repeat(WIDTH - 1 - at)}] ${seconds}`;
  }
  const full = part.of === 0 ? WIDTH : Math.min(WIDTH, Math.floor((part.done / part.of) * WIDTH));
  return `${label} [${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${part.done} of ${part.of}, ${seconds}`;
}
