import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openIssuedTokens } from '../../../api/auth/issued-tokens.ts';
import type { IssuedTokens } from '../../../api/auth/issued-tokens.ts';
import { openDatabase } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { issueToken } from '../../../db/command/tokens.ts';
import { tokenInForce } from '../../../db/read/tokens.ts';
import { eventually } from '../../support/eventually.ts';
import { testDatabase } from '../../support/postgres.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { tcpProxy } from '../../support/tcp-proxy.ts';
import type { TcpProxy } from '../../support/tcp-proxy.ts';
import { decisionKey, TERMS } from './terms.ts';

const by = { workspace_id: 'default', actor: 'ada', on_behalf_of: null };

let own: TestDatabase;
let db: Database;
let psql: pg.Client;
beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase({ url: own.url, name: 'test', max: 8 });
  psql = new pg.Client({ connectionString: own.url });
  await psql.connect();
});
afterAll(async () => {
  await psql?.end();
  await db?.end();
  await own?.drop();
});

async function issued(): Promise<{ token: string; sha256: string }> {
  const done = await issueToken(db, by, TERMS, decisionKey());
  if (!done.ok || done.token === undefined) throw new Error('not issued');
  return { token: done.token, sha256: done.row.token_sha256 };
}

const disable = (sha256: string) => psql.query(`UPDATE api_tokens SET disabled=1 WHERE token_sha256='${sha256}'`);

/** An authenticator whose way to the notifications may be a cable of its own, and how often it read a row. */
function authenticator({
  url = own.url,
  read = tokenInForce,
  database = db,
}: { url?: string; read?: typeof tokenInForce; database?: Database } = {}): IssuedTokens & { reads: () => number } {
  let reads = 0;
  const counted = (...asked: Parameters<typeof tokenInForce>) => {
    reads += 1;
    return read(...asked);
  };
  const tokens = openIssuedTokens({ db: database, databaseUrl: url, read: counted });
  onTestFinished(tokens.close);
  return { ...tokens, reads: () => reads };
}

/** Resolves when the token is answered from memory. */
const remembers = ({ find, reads }: ReturnType<typeof authenticator>, token: string) =>
  eventually(async () => {
    const before = reads();
    expect(await find(token)).toMatchObject({ actor: 'olga', roles: ['operator'], workspace_id: 'default' });
    return reads() === before;
  });

async function proxied(): Promise<{ cable: TcpProxy; url: string }> {
  const { port } = new URL(own.url);
  const cable = await tcpProxy(Number(port));
  onTestFinished(cable.close);
  const url = new URL(own.url);
  url.hostname = '127.0.0.1';
  url.port = String(cable.port);
  return { cable, url: url.href };
}

/** A second from now nothing is accepted any more, however often it is asked. */
async function expectOver(authenticators: IssuedTokens[], token: string): Promise<void> {
  await pause(1000);
  for (let i = 0; i < 50; i++) for (const { find } of authenticators) expect(await find(token)).toBeUndefined();
}

describe('a token of the record', () => {
  it('is read once while changes are heard, and S0-30 counts nowhere once it is disabled', async () => {
    const { token, sha256 } = await issued();
    const four = [1, 2, 3, 4].map(() => authenticator());
    for (const one of four) await remembers(one, token);
    await disable(sha256);
    await expectOver(four, token);
  });

  it('S0-30 does not count where the listening session was killed', async () => {
    const { token, sha256 } = await issued();
    const one = authenticator();
    await remembers(one, token);
    await psql.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'interlock-tokens'`,
    );
    await disable(sha256);
    await expectOver([one], token);
  });

  it('S0-30 does not count where the notifications are held back, nor when they come', async () => {
    const { token, sha256 } = await issued();
    const { cable, url } = await proxied();
    const one = authenticator({ url });
    await remembers(one, token);
    cable.stall();
    await disable(sha256);
    await expectOver([one], token);
    cable.flow();
    for (let i = 0; i < 20; i++) {
      expect(await one.find(token)).toBeUndefined();
      await pause(50);
    }
  });

  it('is read for each request while nobody hears of changes, and remembered again afterwards', async () => {
    const { token } = await issued();
    const { cable, url } = await proxied();
    const one = authenticator({ url });
    await remembers(one, token);
    cable.cut();
    await eventually(async () => {
      const before = one.reads();
      await one.find(token);
      await one.find(token);
      return one.reads() === before + 2;
    });
    cable.restore();
    await remembers(one, token);
  });

  it('lets nobody in while the database is away', async () => {
    const { token } = await issued();
    const { cable, url } = await proxied();
    const database = openDatabase({ url, name: 'test-away', max: 2 });
    onTestFinished(() => database.end());
    const one = authenticator({ url, database });
    await remembers(one, token);
    cable.cut();
    await pause(1000);
    await expect(one.find(token)).rejects.toThrow();
  });

  it('that was read before it was disabled is not remembered', async () => {
    const { token, sha256 } = await issued();
    const asked = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    let slow = false;
    const one = authenticator({
      read: async (...args) => {
        const row = await tokenInForce(...args);
        if (slow) {
          asked.resolve();
          await go.promise;
        }
        return row;
      },
    });
    const other = await issued();
    await remembers(one, other.token);
    slow = true;
    const answer = one.find(token);
    await asked.promise;
    slow = false;
    await disable(sha256);
    // The same session is told of its changes in order: a change after this one was heard.
    await remembers(one, other.token);
    await disable(other.sha256);
    await eventually(async () => (await one.find(other.token)) === undefined);
    go.resolve();
    await answer;
    expect(await one.find(token)).toBeUndefined();
  });

  it('is over by the database’s clock, also while it is remembered', async () => {
    const { token, sha256 } = await issued();
    const one = authenticator();
    await remembers(one, token);
    await psql.query(`UPDATE api_tokens SET not_after = clock_timestamp() + interval '8 s' WHERE token_sha256 = $1`, [
      sha256,
    ]);
    await remembers(one, token);
    await psql.query('SELECT pg_sleep(8)');
    expect(await one.find(token)).toBeUndefined();
  });

  it('is not looked for when it was never one', async () => {
    const one = authenticator();
    for (const text of ['', 'ilk_', 'x'.repeat(55), `ilk_${'A'.repeat(43)}00000000`])
      expect(await one.find(text)).toBeUndefined();
    expect(one.reads()).toBe(0);
  });
});
