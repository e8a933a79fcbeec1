import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const HELPER = fileURLToPath(new URL('../../support/free-ports.ts', import.meta.url));
const TIMES = 200;
const SCRIPT = `
  const { freePorts } = await import(${JSON.stringify(HELPER)});
  const given = [];
  for (let i = 0; i < ${TIMES}; i += 1) given.push(await freePorts(5));
  console.log(JSON.stringify(given));
  process.stdin.resume();`;

/** What a process of its own was given; it runs until the test is over. */
async function given(): Promise<number[]> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return JSON.parse(line) as number[];
}

it('ports are given to one process of several at a time, also while nobody listens on them yet', async () => {
  const firsts = (await Promise.all([given(), given(), given()])).flat();
  const ports = firsts.flatMap((first) => [0, 1, 2, 3, 4].map((n) => first + n));
  expect(ports).toHaveLength(3 * TIMES * 5);
  expect(new Set(ports).size).toBe(ports.length);
});
