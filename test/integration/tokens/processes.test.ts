import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { issueToken } from '../../../db/command/tokens.ts';
import { eventually } from '../../support/eventually.ts';
import { freePorts } from '../../support/free-ports.ts';
import { testDatabase } from '../../support/postgres.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';
import { decisionKey, TERMS } from './terms.ts';

/** An API process as the stack runs it; Temporal is not there. Resolves with its URL when it is ready. */
async function apiProcess(databaseUrl: string, stateRoot: string): Promise<{ url: string; child: ChildProcess }> {
  const port = await freePorts(4);
  const child = spawn(process.execPath, ['api/server.ts'], {
    env: {
      PATH: process.env['PATH'],
      INTERLOCK_ENV: 'production',
      INTERLOCK_AUTH_MODE: 'bearer',
      INTERLOCK_STATE_ROOT: stateRoot,
      INTERLOCK_DATABASE_URL: databaseUrl,
      INTERLOCK_TEMPORAL_ADDRESS: `127.0.0.1:${port + 3}`,
      INTERLOCK_PORT: String(port),
      INTERLOCK_ATTESTATION_PORT: String(port + 1),
      INTERLOCK_INTEGRITY_PORT: String(port + 2),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGTERM');
    await gone;
  });
  for await (const line of createInterface(child.stdout))
    if ((JSON.parse(line) as { event?: string }).event === 'api.ready') break;
  child.stdout.resume();
  return { url: `http://127.0.0.1:${port}`, child };
}

interface Asked {
  sent: number;
  status: number;
}

async function issued(db: Database): Promise<{ text: string; sha256: string }> {
  const by = { workspace_id: 'default', actor: 'offline:root', on_behalf_of: null };
  const done = await issueToken(db, by, TERMS, decisionKey());
  if (!done.ok || done.token === undefined) throw new Error('not issued');
  return { text: done.token, sha256: done.row.token_sha256 };
}

describe('a revocation', () => {
  it('S0-30 S0-28 counts in four API processes within a second, heard of or not, and nothing is accepted after', async () => {
    const own = await testDatabase();
    const db = openDatabase({ url: own.url, name: 'test', max: 2 });
    onTestFinished(async () => {
      await db.end();
      await own.drop();
    });
    const stateRoot = temporaryStateRoot();
    const apis = [];
    for (let i = 0; i < 4; i++) apis.push(await apiProcess(own.url, stateRoot));

    for (const deaf of [false, true]) {
      const token = await issued(db);
      const asked: Asked[] = [];
      const asking = new AbortController();
      const ask = async (url: string) => {
        while (!asking.signal.aborted) {
          const sent = performance.now();
          const response = await fetch(`${url}/api/v1/incidents`, {
            headers: { Authorization: `Bearer ${token.text}` },
          });
          await response.body?.cancel();
          asked.push({ sent, status: response.status });
          await pause(5);
        }
      };
      const askers = apis.flatMap(({ url }) => [ask(url), ask(url)]);
      await eventually(async () => asked.length > 100);
      expect(new Set(asked.map(({ status }) => status))).toEqual(new Set([200]));
      const psql = new pg.Client({ connectionString: own.url });
      await psql.connect();
      if (deaf)
        await psql.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'interlock-tokens'`,
        );
      await psql.query(`UPDATE api_tokens SET disabled=1 WHERE token_sha256='${token.sha256}'`);
      const revoked = performance.now();
      await psql.end();
      const late = () => asked.filter(({ sent }) => sent > revoked + 1000);
      await eventually(async () => late().length > 100);
      asking.abort();
      await Promise.all(askers);
      const after = late();
      expect(after.filter(({ status }) => status !== 401 && status !== 429)).toEqual([]);
    }
  });
});
