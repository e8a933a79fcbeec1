// What a token adds to a request: a GET with one as a ratio to the same GET of the same process that is asked for none. The
// two take turns, request by request; also the ratio where nothing is remembered, and each request reads the row.
import { Pool } from 'undici';
import { one, openDatabase } from '../db/client.ts';
import { issueToken } from '../db/command/tokens.ts';
import { testStack } from '../test/support/stack.ts';
import { decisionKey, TERMS } from '../test/integration/tokens/terms.ts';
import { quantile, summary } from './statistics.ts';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 7);
const REQUESTS = Number(process.env['BENCH_REQUESTS'] ?? 4000);
const PATH = '/api/v1/incidents?limit=10';

const { stack, close } = await testStack({ only: ['postgres', 'temporal', 'api'] });
// One connection: what is compared is the same socket of the same process.
const http = new Pool(stack.urls.api, { connections: 1 });
const db = openDatabase({ url: stack.urls.database, name: 'bench', max: 2 });

async function get(headers: Record<string, string>): Promise<number> {
  const from = performance.now();
  const answer = await http.request({ method: 'GET', path: PATH, headers });
  await answer.body.dump();
  if (answer.statusCode !== 200) throw new Error(`${PATH}: ${answer.statusCode}`);
  return performance.now() - from;
}

async function round({ authorization }: { authorization: string }): Promise<{ open: number[]; token: number[] }> {
  const headers = { authorization };
  // As many bytes, in a header that nobody reads: what is measured is who asks, not how HTTP is parsed.
  const unread = { 'x-bench-header': authorization.slice(1) };
  const times: { open: number[]; token: number[] } = { open: [], token: [] };
  for (let i = 0; i < REQUESTS; i++) {
    // Who goes first takes turns too.
    const order = i % 2 === 0 ? (['open', 'token'] as const) : (['token', 'open'] as const);
    for (const kind of order) times[kind].push(await get(kind === 'open' ? unread : headers));
  }
  return times;
}

try {
  const by = { workspace_id: 'default', actor: 'bench', on_behalf_of: null };
  const issued = await issueToken(db, by, TERMS, decisionKey());
  if (!issued.ok || issued.token === undefined) throw new Error('no token');
  const headers = { authorization: `Bearer ${issued.token}` };
  await round(headers);
  for (const known of [true, false]) {
    const rounds = [];
    for (let i = 0; i < ROUNDS; i++) {
      const deafening = known ? undefined : deafen();
      rounds.push(await round(headers));
      await deafening?.end();
    }
    for (const [name, q] of [
      ['p10', 0.1],
      ['p50', 0.5],
      ['p95', 0.95],
    ] as const) {
      const open = rounds.map((r) => quantile(r.open, q));
      const token = rounds.map((r) => quantile(r.token, q));
      const ratio = token.map((ms, i) => ms / (open[i] ?? NaN));
      console.log(
        `${known ? 'remembered' : 'read each time'}, ${name}: open ms ${summary(open, 3)}; token ms ${summary(token, 3)}; ratio ${summary(ratio, 3)}`,
      );
    }
  }
} finally {
  await Promise.allSettled([http.close(), db.end()]);
  await close();
}

/** Kills the sessions that hear of changes as often as they come back, so that nothing known is recent enough. */
function deafen(): { end: () => Promise<void> } {
  const over = new AbortController();
  const ended = (async () => {
    while (!over.signal.aborted) {
      await one(
        db,
        `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'interlock-tokens'`,
      );
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    end: async () => {
      over.abort();
      await ended;
    },
  };
}
