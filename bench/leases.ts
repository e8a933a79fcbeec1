// Leases issued and values read per second over HTTP at 64 clients, and leases by the command alone, each also as a ratio to
// bare transactions (one row inserted, one commit) on the same server; they take turns.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { defaultMasterKeyFile, readMasterKey } from '../config/master-key.ts';
import { openDatabase } from '../db/client.ts';
import { issueLease } from '../db/command/issue-lease.ts';
import { transaction } from '../db/transaction.ts';
import { startStack } from '../script/supervisor/stack.ts';
import { freeStackPorts } from '../test/support/free-ports.ts';
import { quantile, summary } from './statistics.ts';
import { removeTree } from '../test/support/remove-tree.ts';

const CLIENTS = 64;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 3);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const SLOT = 'bench.provider';
const BY = { workspace_id: 'default', actor: 'bench', on_behalf_of: null };

const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-bench-'));
const stack = await startStack({
  stateRoot,
  ports: await freeStackPorts(),
  env: { INTERLOCK_TEMPORAL_ADDRESS: '127.0.0.1:1', INTERLOCK_TPM_TCTI: 'none', INTERLOCK_LOOPBACK_TRUST: '1' },
  only: ['postgres', 'api'],
});
const http = new Pool(stack.urls.api, { connections: CLIENTS });
const db = openDatabase({ url: stack.urls.database, name: 'bench', max: 16 });

async function send<T>(method: 'PUT' | 'POST', path: string, body: object, headers = {}): Promise<T> {
  const answer = await http.request({
    method,
    path,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${await answer.body.text()}`);
  return (await answer.body.json()) as T;
}

/** `CLIENTS` do it one after the other for `SECONDS`; latencies in ms. */
async function load(work: () => Promise<unknown>): Promise<number[]> {
  const until = performance.now() + SECONDS * 1000;
  const latencies: number[] = [];
  const client = async () => {
    while (performance.now() < until) {
      const from = performance.now();
      await work();
      latencies.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return latencies;
}

try {
  await db.query('CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz)');
  await send('PUT', `/v1/secrets/${SLOT}`, { value: 'a provider key of some length' });
  const lease = () =>
    send<{ lease_id: string; secret: string }>('POST', '/v1/leases', { slot: SLOT, subject: 'run:1' });
  const { lease_id, secret } = await lease();
  const master = readMasterKey(defaultMasterKeyFile(stateRoot));
  const deps = { db, masterKey: () => master };
  const works = {
    'leases over HTTP': lease,
    'leases by the command': () => issueLease(deps, BY, { slot: SLOT, subject: 'run:1', ttl: 900 }),
    'values over HTTP': () => send('POST', `/v1/leases/${lease_id}/read`, {}, { authorization: `Bearer ${secret}` }),
  };
  const bare = () =>
    transaction(db, async (tx) => {
      await tx.query({ name: 'bare', text: 'INSERT INTO bare (at) VALUES (clock_timestamp())' });
    });
  for (const [name, work] of Object.entries(works)) {
    const [rates, ratios, p99]: [number[], number[], number[]] = [[], [], []];
    for (let round = -1; round < ROUNDS; round++) {
      const latencies = await load(work);
      const limit = (await load(bare)).length / SECONDS;
      // The first round only warms up.
      if (round < 0) continue;
      rates.push(latencies.length / SECONDS);
      ratios.push(latencies.length / SECONDS / limit);
      p99.push(quantile(latencies, 0.99));
    }
    console.log(
      `${name}: ${summary(rates, 0)} per s; of bare transactions ${summary(ratios, 2)}; p99 ms ${summary(p99, 1)}`,
    );
  }
} finally {
  await Promise.all([http.close(), db.end()]);
  await stack.stop();
  removeTree(stateRoot);
}
