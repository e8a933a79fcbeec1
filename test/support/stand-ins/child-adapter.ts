import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/**
 * A child adapter: `<file> [how…]`. It notes in the file what happens to it, one JSON object per line, and by how:
 * `mute` never answers, `late` answers another generation, `stubborn` ends on no signal and at no end of input and has a
 * child of its own that does neither, `brief` ends at once, `old` proves itself by another token than its own, `flood` says
 * 2,000 times at once that it lives.
 */
const [file = '', ...how] = process.argv.slice(2);
const note = (what: object) => appendFileSync(file, `${JSON.stringify({ pid: process.pid, ...what })}\n`);
const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);
const is = (word: string) => how.includes(word);
const token = is('old') ? 'a token of an earlier run' : (process.env['INTERLOCK_LEASE_TOKEN'] ?? '');

note({
  started: true,
  argv: process.argv,
  credential: process.env['CREDENTIAL'] ?? null,
  names: Object.keys(process.env),
});
if (is('brief')) process.exit(3);
if (is('stubborn')) {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => undefined);
  const idle = `for (const s of ['SIGTERM', 'SIGHUP']) process.on(s, () => {}); setInterval(() => {}, 1000)`;
  note({ grandchild: spawn(process.execPath, ['-e', idle], { stdio: 'ignore' }).pid });
  setInterval(() => undefined, 1_000);
  process.stdout.on('error', () => undefined);
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const message = JSON.parse(line) as { id?: string; generation?: number; test?: boolean };
  note({ heard: message });
  if (message.id === undefined || is('mute') || 'credential' in message || 'error' in message) return;
  say({ id: message.id, generation: is('late') ? 1_000_000 : message.generation });
});
lines.on('close', () => {
  if (!is('stubborn')) process.exit(0);
});
setInterval(() => say({ heartbeat: token }), 100);
say({ heartbeat: token });
if (is('flood')) for (let n = 0; n < 2_000; n += 1) say({ heartbeat: token });
say({ id: 'own', fetch: 'sidecar.key', token });
say({ id: 'other', fetch: 'other.key', token });
process.stdout.write('not a line of the protocol\n');
