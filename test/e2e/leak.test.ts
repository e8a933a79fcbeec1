import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase, rows } from '../../db/client.ts';
import { run } from '../unit/cli/run.ts';
import { testStack } from '../support/stack.ts';
import type { TestStack } from '../support/stack.ts';

let t: TestStack;
/** One that is in force: what is refused at the door gets nowhere from where it could leak. */
let token: string;
beforeAll(async () => {
  t = await testStack();
  const database = ['--database', t.stack.urls.database, '--json'];
  const issued = await run(['token', 'issue', '--user', 'leaky', '--role', 'operator,incident_commander', ...database]);
  ({ token } = JSON.parse(issued.out) as { token: string });
});
afterAll(() => t.close());

const post = (path: string, body: string) =>
  `curl -s -X POST "$API${path}" -H 'Content-Type: application/json' -H 'Authorization: Bearer ${token}' -d '${body}'`;

/** What this instance must keep to itself: the database's passwords and the lines of its private key. */
function secrets(stateRoot: string): string[] {
  const passwords = Object.values(JSON.parse(readFileSync(join(stateRoot, 'postgres-secrets.json'), 'utf8')) as object);
  const pem = readFileSync(join(stateRoot, 'keys/instance-signing.pem'), 'utf8');
  const key = pem.split('\n').filter((line) => line !== '' && !line.startsWith('-----'));
  const forensic = readFileSync(join(stateRoot, 'keys/forensic.key'), 'utf8');
  return [
    ...(passwords as string[]),
    ...key,
    forensic,
    forensic.slice(0, 32),
    readFileSync(join(stateRoot, 'keys/payload.keys'), 'utf8').trim(),
    token,
    'planted-not-a-token',
    'planted-ack-note',
  ];
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

it('no secret reaches logs, errors, status, the ledger or the engine’s own tables', async () => {
  const report = '{"class":"manifest_mismatch","source":"leak","description":"d"}';
  const id = await t.sh(`${post('/api/v1/incidents/report', report)} | jq -r .id`);
  expect(id).toMatch(/^INC-/);
  const answers = [
    await t.sh(post('/api/v1/recovery/ack', `{"incident_id":"${id}","operator":"me@org","note":"planted-ack-note"}`)),
    await t.sh(post('/api/v1/recovery/ack', '{"incident_id":"INC-0","operator":"","x":1}')),
    await t.sh('curl -s $API/v1/status'),
    await t.sh(`curl -s $API/v1/status -H 'Authorization: Bearer planted-not-a-token'`),
    await t.sh('curl -s $API/v1/tokens'),
    await t.sh('curl -s $API/readyz'),
    await t.sh('curl -s $API/api/v1/forensic/export'),
  ];
  await t.stack.kill('postgres', 'SIGKILL');
  answers.push(await t.sh('curl -s $API/health'));
  await t.stack.ready('postgres');

  const found = secrets(t.stateRoot);
  expect(found.length).toBeGreaterThanOrEqual(5);
  const leaks = (text: string) => found.filter((secret) => text.includes(secret));
  for (const answer of answers) expect(leaks(answer)).toEqual([]);
  for (const path of [...files(join(t.stateRoot, 'log')), ...files(join(t.stateRoot, 'auth'))])
    expect([path, leaks(readFileSync(path, 'latin1'))]).toEqual([path, []]);

  const db = openDatabase({ url: t.stack.env['INTERLOCK_DATABASE_URL'] ?? '', name: 'leak-test', max: 1 });
  const leaves = await rows<{ leaf: string }>(db, 'SELECT leaf FROM ledger_entries ORDER BY entry_id LIMIT 10000');
  await db.end();
  expect(leaves.length).toBeGreaterThan(3);
  for (const { leaf } of leaves) expect(leaks(leaf)).toEqual([]);

  for (const path of files(join(t.stateRoot, 'temporal'))) {
    const bytes = readFileSync(path, 'latin1');
    expect([path, leaks(bytes)]).toEqual([path, []]);
  }
});
