import { describe, expect, it } from 'vitest';
import { keepLoops } from '../../../workers/keep-loops.ts';

function watched() {
  const stopping = new AbortController();
  const failures: Error[] = [];
  const lines: unknown[] = [];
  const log = { fatal: (line: unknown) => void lines.push(line) };
  const fail = (reason: Error) => {
    failures.push(reason);
    stopping.abort();
  };
  return { stopping, failures, lines, of: { log, stop: stopping.signal, fail } };
}
const until = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

describe('loops that are to last as long as their process', () => {
  it.each([
    ['rejects', () => Promise.reject(new Error('why'))],
    ['just returns', () => Promise.resolve()],
  ])('one that %s ends it, named, and the others drain', async (_how, loop) => {
    const { stopping, failures, lines, of } = watched();
    await keepLoops({ good: until(stopping.signal), bad: loop() }, of);
    expect(failures.map(({ message }) => message)).toEqual(['the loop bad ended']);
    expect(lines).toMatchObject([{ event: 'control.loop_ended', loop: 'bad' }]);
  });

  it('may end once it is to end, however they do', async () => {
    const { stopping, failures, of } = watched();
    const late = until(stopping.signal).then(() => Promise.reject(new Error('cut off')));
    const kept = keepLoops({ good: until(stopping.signal), late }, of);
    stopping.abort();
    await kept;
    expect(failures).toEqual([]);
  });
});
