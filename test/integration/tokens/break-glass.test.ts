import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase, rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { disableToken, issueToken } from '../../../db/command/tokens.ts';
import { tokenInForce } from '../../../db/read/tokens.ts';
import { canonicalJson } from '../../../domain/canonical/json.ts';
import { parseLeaf } from '../../../domain/ledger/entry.ts';
import { leafHash } from '../../../db/write/ledger.ts';
import { testDatabase } from '../../support/postgres.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { allPublished, startSequencers } from '../../support/log.ts';
import { decisionKey, TERMS } from './terms.ts';

const by = { workspace_id: 'default', actor: 'ada', on_behalf_of: null };

let own: TestDatabase;
let db: Database;
/** As psql: a connection that knows nothing of Interlock. */
let psql: pg.Client;
beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase({ url: own.url, name: 'test', max: 4 });
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

interface Entry {
  action: string;
  actor: string;
  workspace_id: string;
  at: string;
  detail: string;
  leaf: string;
  leaf_hash: Buffer;
}
const entriesOf = (sha256: string) =>
  rows<Entry>(db, 'SELECT * FROM ledger_entries WHERE object = $1 ORDER BY entry_id', [`token/${sha256}`]);

describe('a token row', () => {
  it('S0-28 S0-29 is disabled by the runbook’s statement, and the ledger says so in the same transaction', async () => {
    const { sha256 } = await issued();
    await psql.query('BEGIN');
    await psql.query(`UPDATE api_tokens SET disabled=1 WHERE token_sha256='${sha256}'`);
    await psql.query('ROLLBACK');
    expect(await tokenInForce(db, sha256)).toBeDefined();
    expect((await entriesOf(sha256)).map((e) => e.action)).toEqual(['token_issued']);

    await psql.query(`UPDATE api_tokens SET disabled=1 WHERE token_sha256='${sha256}'`);
    expect(await tokenInForce(db, sha256)).toBeUndefined();
    const [, entry] = await entriesOf(sha256);
    expect(entry).toMatchObject({ action: 'break_glass', actor: 'break_glass:interlock', workspace_id: 'default' });
    expect(JSON.parse(entry?.detail ?? '')).toMatchObject({
      operation: 'update',
      before: { disabled: 0 },
      after: { disabled: 1, user_id: 'olga', roles: ['operator'] },
    });
    const [row] = await rows<{ disabled_by: string; disabled_at: string }>(
      db,
      'SELECT * FROM api_tokens WHERE token_sha256 = $1',
      [sha256],
    );
    expect(row?.disabled_by).toBe('break_glass:interlock');
  });

  it('is recorded by leaves that are what our own commands would write, under any settings of the session', async () => {
    await psql.query(
      `SET standard_conforming_strings = off; SET timezone = 'Asia/Kathmandu'; SET datestyle = 'German'`,
    );
    const odd = 'ö"\\\n\u0001\u2028\u{1f511}/\u007f';
    const { sha256 } = await issued();
    await psql.query(
      `UPDATE api_tokens SET report_source = $2, report_classes = '{tool_call_burst,prompt_injection}', not_after = now() + interval '1 day' WHERE token_sha256 = $1`,
      [sha256, odd],
    );
    const [, entry] = await entriesOf(sha256);
    if (entry === undefined) throw new Error('no entry');
    const leaf = parseLeaf(Buffer.from(entry.leaf));
    expect(leaf.detail).toMatchObject({ after: { report_source: odd }, before: { report_source: null } });
    expect(leaf).toMatchObject({ at: entry.at, actor: entry.actor, workspace_id: 'default', record_hash: null });
    expect(entry.detail).toBe(canonicalJson(leaf.detail));
    expect(entry.leaf_hash).toEqual(leafHash(entry.leaf));
    await psql.query(`RESET ALL`);
  });

  it('is recorded canonically whatever text stands in it', async () => {
    const { sha256 } = await issued();
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).filter((t) => !t.includes('\0'));
    await fc.assert(
      fc.asyncProperty(text, fc.uniqueArray(text, { minLength: 1, maxLength: 3 }), async (source, roles) => {
        await psql.query('UPDATE api_tokens SET report_source = $2, roles = $3 WHERE token_sha256 = $1', [
          sha256,
          source,
          roles,
        ]);
        const entry = (await entriesOf(sha256)).at(-1);
        const leaf = parseLeaf(Buffer.from(entry?.leaf ?? ''));
        expect(leaf.detail).toMatchObject({ after: { report_source: source, roles } });
        expect(entry?.leaf_hash).toEqual(leafHash(entry?.leaf ?? ''));
      }),
      { numRuns: 100 },
    );
  });

  it('that somebody writes with psql is recorded too, and the log takes all of it', async () => {
    const sha256 = 'ab'.repeat(32);
    await psql.query(
      `INSERT INTO api_tokens (workspace_id, token_sha256, user_id, roles, created_at, not_after, actor)
        VALUES ('lab', $1, 'eve', '{operator,king}', now(), now() + interval '1 h', 'eve')`,
      [sha256],
    );
    const [entry] = await entriesOf(sha256);
    expect(entry).toMatchObject({ action: 'break_glass', workspace_id: 'lab' });
    expect((await tokenInForce(db, sha256))?.roles).toEqual(['operator']);
    const sequencers = startSequencers({ db, databaseUrl: own.url });
    expect(await allPublished(db)).toBeGreaterThan(3);
    await sequencers.stop();
  });

  it('is marked as ours for one transaction, not for a session that copies the mark', async () => {
    const { sha256 } = await issued();
    await psql.query(`SELECT set_config('interlock.command', pg_current_xact_id()::text, false)`);
    await psql.query(`UPDATE api_tokens SET disabled=1 WHERE token_sha256=$1`, [sha256]);
    expect((await entriesOf(sha256)).map((e) => e.action)).toEqual(['token_issued', 'break_glass']);
  });

  it('is never removed, enabled again, or another’s', async () => {
    const { sha256 } = await issued();
    const refused = { code: '42501' };
    const of = `WHERE token_sha256 = '${sha256}'`;
    await expect(psql.query(`DELETE FROM api_tokens ${of}`)).rejects.toMatchObject(refused);
    await expect(psql.query('TRUNCATE api_tokens')).rejects.toMatchObject(refused);
    await expect(psql.query(`UPDATE api_tokens SET user_id = 'eve' ${of}`)).rejects.toMatchObject(refused);
    await expect(psql.query(`UPDATE api_tokens SET token_sha256 = '${'cd'.repeat(32)}' ${of}`)).rejects.toMatchObject(
      refused,
    );
    await expect(psql.query(`UPDATE api_tokens SET not_after = 'infinity' ${of}`)).rejects.toMatchObject({
      code: '23502',
    });
    await disableToken(db, by, { token_sha256: sha256 });
    await expect(psql.query(`UPDATE api_tokens SET disabled = 0 ${of}`)).rejects.toMatchObject(refused);
    expect((await entriesOf(sha256)).map((e) => e.action)).toEqual(['token_issued', 'token_disabled']);
  });

  it('is over by the database’s clock', async () => {
    const { sha256 } = await issued();
    await psql.query(`UPDATE api_tokens SET not_after = clock_timestamp() WHERE token_sha256 = $1`, [sha256]);
    expect(await tokenInForce(db, sha256)).toBeUndefined();
  });
});
