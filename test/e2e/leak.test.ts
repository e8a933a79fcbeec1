import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase, rows } from '../../db/client.ts';
import { run } from '../unit/cli/run.ts';
import { eventually } from '../support/eventually.ts';
import { databaseText } from '../support/secrets.ts';
import { testStack } from '../support/stack.ts';
import type { TestStack } from '../support/stack.ts';

interface Lease {
  lease_id: string;
  secret: string;
}

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
  const receipts = readFileSync(join(stateRoot, 'keys/governance-receipts.pem'), 'utf8').split('\n')[1] ?? '';
  return [
    ...(passwords as string[]),
    ...key,
    receipts,
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

/** What callers send that nobody may find again, though all is captured meanwhile. */
const VALUES = ['planted-value-of-a-secret', 'planted-value-in-a-refusal', 'planted-member-of-a-report'];

it('no secret of a request stands in the database in the clear while everything is captured', async () => {
  const send = (method: string, path: string, body: object) =>
    t.sh(`curl -s -X ${method} "$API${path}" -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'; echo`);
  const [value, refused, member] = VALUES;
  await send('POST', '/v1/runtime/debug', { level: 'full', for_seconds: 600, ticket: 'T-1' });
  await send('PUT', '/v1/secrets/planted', { value });
  await send('PUT', '/v1/secrets/planted', { value: refused, unknown: refused });
  const lease = JSON.parse(await send('POST', '/v1/leases', { slot: 'planted', subject: 'agent:1' })) as Lease;
  const bearer = `-H 'Authorization: Bearer ${lease.secret}'`;
  const read = await t.sh(`curl -s -X POST $API/v1/leases/${lease.lease_id}/read ${bearer}`);
  expect(read).toContain(value);
  await send('POST', '/v1/codec/decode', { payloads: [{ data: value }] });
  await send('POST', '/api/v1/incidents/report', { class: 'none', api_key: member, note: lease.secret });
  const db = openDatabase({ url: t.stack.env['INTERLOCK_DATABASE_URL'] ?? '', name: 'leak-test', max: 1 });
  try {
    const captured = () => rows<{ path: string }>(db, 'SELECT path_template AS path FROM debug_captures ORDER BY at');
    await eventually(async () => (await captured()).length > 0);
    expect((await captured()).map(({ path }) => path)).toEqual(['/api/v1/incidents/report']);
    const text = await databaseText(db);
    for (const planted of [...VALUES, lease.secret]) expect(text).not.toContain(planted);
  } finally {
    await db.end();
  }
  const [capture] = JSON.parse(await t.sh('curl -s $API/v1/debug/captures')) as { capture_id: string }[];
  const shown = await t.sh(`curl -s $API/v1/debug/captures/${capture?.capture_id}`);
  expect(shown).toContain('[redacted]');
  for (const planted of [...VALUES, lease.secret]) expect(shown).not.toContain(planted);
  await send('POST', '/v1/runtime/debug', { level: 'off' });
  for (const path of files(join(t.stateRoot, 'log'))) {
    const log = readFileSync(path, 'latin1');
    expect([path, VALUES.filter((planted) => log.includes(planted))]).toEqual([path, []]);
  }
});

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
    // Makes the key for receipts.
    await t.sh(`curl -s -X POST $API/v1/governance/waivers -H 'Content-Type: application/json' -d '{"envelope":{}}'`),
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
