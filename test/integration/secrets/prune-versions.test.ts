import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase, rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import type { SecretsDeps } from '../../../db/command/set-secret.ts';
import { readControlSecret } from '../../../db/command/read-control-secret.ts';
import { VERSIONS_KEPT } from '../../../db/write/prune-versions.ts';
import { slotTokenStore } from '../../../workers/upstreams/secrets.ts';
import { testDatabase } from '../../support/postgres.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { freshMasterKey, set } from '../../support/secrets.ts';

let database: TestDatabase;
let db: Database;
let deps: SecretsDeps;
const master = freshMasterKey();
beforeAll(async () => {
  database = await testDatabase();
  db = openDatabase({ url: database.url, name: 'test-secrets', max: 4 });
  deps = { db, masterKey: () => master };
});
afterAll(async () => {
  await db?.end();
  await database?.drop();
});

const readable = async (slot: string) =>
  (
    await rows<{ version: number }>(
      db,
      'SELECT version FROM secret_versions WHERE slot = $1 AND envelope IS NOT NULL ORDER BY version',
      [slot],
    )
  ).map(({ version }) => version);
const entries = async (slot: string) =>
  (
    await rows<{ detail: string }>(
      db,
      `SELECT detail FROM ledger_entries WHERE action = 'secret_versions_destroyed' AND object = $1 ORDER BY entry_id`,
      [`secret/${slot}`],
    )
  ).map(({ detail }) => (JSON.parse(detail) as { versions: { version: number; envelope_sha256: string }[] }).versions);
const running = (finished: boolean) =>
  db.query(
    `INSERT INTO rotations (workspace_id, rotation_id, row, subject, state, dry_run, overlap_seconds, compromised, attempts,
        reason, created_at, finished_at, memory, version, actor)
      VALUES ('default', 'ROT-20260314-00000001', 'upstream_key', 'x', $1, false, 0, false, 0, 'r', now(), $2, '{}', 1, 'test')
      ON CONFLICT (workspace_id, rotation_id) DO UPDATE SET state = excluded.state, finished_at = excluded.finished_at`,
    [finished ? 'failed' : 'running', finished ? new Date() : null],
  );

describe('versions of a slot', () => {
  it('that nobody rolls back to any more are destroyed, with the digest of each envelope on record', async () => {
    for (let n = 1; n <= VERSIONS_KEPT; n += 1) await set(deps, 'often', `value ${n}`, { class: 'control' });
    expect(await readable('often')).toHaveLength(VERSIONS_KEPT);
    const [first] = await rows<{ digest: string }>(
      db,
      `SELECT encode(sha256(convert_to(envelope, 'UTF8')), 'hex') AS digest FROM secret_versions WHERE slot = 'often' AND version = 1`,
    );
    await set(deps, 'often', 'one more');
    expect(await readable('often')).toEqual(Array.from({ length: VERSIONS_KEPT }, (_, n) => n + 2));
    expect(await entries('often')).toEqual([[{ version: 1, envelope_sha256: first?.digest }]]);
    const read = await readControlSecret(deps, { workspace_id: 'default', slot: 'often', actor: 'w', purpose: 'test' });
    expect(read.value.toString()).toBe('one more');
  });

  it('stay while a rotation runs, and go with the next value after it', async () => {
    await running(false);
    for (let n = 0; n < VERSIONS_KEPT + 3; n += 1) await set(deps, 'rotating', `value ${n}`, { class: 'control' });
    expect(await readable('rotating')).toHaveLength(VERSIONS_KEPT + 3);
    await running(true);
    await set(deps, 'rotating', 'after it');
    expect(await readable('rotating')).toHaveLength(VERSIONS_KEPT);
    expect((await entries('rotating'))[0]?.map(({ version }) => version)).toEqual([1, 2, 3, 4]);
  });

  it('S1-91 of an account that was logged out of hold no token any more', async () => {
    const store = slotTokenStore(deps);
    const tokens = (n: number) => ({
      access_token: `access ${n}`,
      refresh_token: `refresh ${n}`,
      expires_at: null,
      scope: null,
      issuer: 'https://issuer.example',
    });
    for (let n = 1; n <= 4; n += 1) await store.keepTokens('tracker', tokens(n));
    await store.keepTokens('tracker', null);
    expect(await store.tokens('tracker')).toBeNull();
    expect(await readable('upstream.tracker.tokens')).toEqual([5]);
    expect((await entries('upstream.tracker.tokens'))[0]?.map(({ version }) => version)).toEqual([1, 2, 3, 4]);
    await store.keepTokens('tracker', tokens(6));
    expect(await store.tokens('tracker')).toEqual(tokens(6));
  });
});
