// What capturing costs a request: CPU time of a request with no window open, and with one at `full`, each as a ratio to the same
// application without a capture point, in one process on one database; the three take turns. CPU time, because whatever else
// the machine does is not in it; the client's own is, in all three.
import { mkdtempSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Pool } from 'undici';
import { createApp } from '../api/app.ts';
import type { Captures } from '../api/capture.ts';
import type { ApiDeps } from '../api/deps.ts';
import { closeServer, listen } from '../api/listen.ts';
import { openDatabase } from '../db/client.ts';
import { CapturePoint } from '../db/capture-point.ts';
import { openCapture } from '../db/command/open-capture.ts';
import { migrateDatabase } from '../db/migrate.ts';
import { startStack } from '../script/supervisor/stack.ts';
import { freeStackPorts } from '../test/support/free-ports.ts';
import { freshMasterKey } from '../test/support/secrets.ts';
import { summary } from './statistics.ts';
import { removeTree } from '../test/support/remove-tree.ts';

const CLIENTS = 16;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 0.3);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 30);
const BY = { workspace_id: 'watched', actor: 'bench', on_behalf_of: null };

const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-bench-'));
const stack = await startStack({ stateRoot, ports: await freeStackPorts(), env: {}, only: ['postgres'] });
const db = openDatabase({ url: stack.urls.database, name: 'bench', max: 8 });
await migrateDatabase(db);
const master = freshMasterKey();
const point = new CapturePoint({ db, masterKey: () => master });

/** The application as it is, as far as these requests go. */
async function serve(captures: Captures) {
  const deps = { db, captures, auth: { loopbackTrust: true }, log: pino({ level: 'silent' }) };
  return listen(await createApp(deps as unknown as ApiDeps), '127.0.0.1', 0);
}
const servers = [await serve({ watches: () => false, offer: () => undefined }), await serve(point)] as const;
const [bare, watched] = servers.map(
  (server) => new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { connections: CLIENTS }),
) as [Pool, Pool];

type Send = (http: Pool, workspace: string) => Promise<unknown>;
const requests: Record<string, Send> = {
  'GET /v1/gates': async (http, workspace) => {
    const headers = { 'x-interlock-workspace': workspace };
    const { statusCode, body } = await http.request({ method: 'GET', path: '/v1/gates', headers });
    if (statusCode !== 200) throw new Error(`answered ${statusCode}`);
    return body.dump();
  },
  'a refused report, 2 KiB': async (http, workspace) => {
    const headers = { 'x-interlock-workspace': workspace, 'content-type': 'application/json' };
    const body = JSON.stringify({ class: 'none', description: 'words and words '.repeat(128) });
    const answer = await http.request({ method: 'POST', path: '/api/v1/incidents/report', headers, body });
    if (answer.statusCode !== 400) throw new Error(`answered ${answer.statusCode}`);
    return answer.body.dump();
  },
};

/** CPU time of a request in µs, over those that `CLIENTS` get answered one after the other. */
async function cost(send: Send, http: Pool, workspace: string): Promise<number> {
  const until = performance.now() + SECONDS * 1000;
  const before = process.cpuUsage();
  let n = 0;
  const client = async () => {
    while (performance.now() < until) {
      await send(http, workspace);
      n += 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / n;
}

try {
  const key = { decision_id: crypto.randomUUID(), request_digest: 'bench' };
  const asked = { level: 'full', seconds: 1800, ticket: 'BENCH-1', key } as const;
  const opened = await openCapture({ db, masterKey: () => master }, BY, asked);
  if (!opened.ok) throw new Error(opened.code);
  for (const [name, send] of Object.entries(requests)) {
    const [off, full, plain]: [number[], number[], number[]] = [[], [], []];
    for (let round = -1; round < ROUNDS; round++) {
      const turns = [
        () => cost(send, bare, 'default'),
        () => cost(send, watched, 'default'),
        () => cost(send, watched, BY.workspace_id),
      ];
      // Whoever goes first is not always the same.
      const order = round % 2 === 0 ? [0, 1, 2] : [2, 1, 0];
      const costs: number[] = [];
      for (const turn of order) costs[turn] = (await turns[turn]?.()) ?? Number.NaN;
      const [without = Number.NaN, closed = Number.NaN, open = Number.NaN] = costs;
      // The first round only warms up.
      if (round < 0) continue;
      plain.push(without);
      off.push(closed / without);
      full.push(open / without);
    }
    console.log(`${name}: without ${summary(plain, 0)} µs; off ${summary(off, 3)}; full ${summary(full, 3)}`);
  }
  await point.close();
  const counts = await db.query('SELECT captured, dropped FROM capture_windows');
  console.log(`kept and dropped at full: ${JSON.stringify(counts.rows[0])}`);
} finally {
  await Promise.all([bare.close(), watched.close()]);
  await Promise.all(servers.map(closeServer));
  await db.end();
  await stack.stop();
  removeTree(stateRoot);
}
