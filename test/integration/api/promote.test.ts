import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import { transaction } from '../../../db/transaction.ts';
import { writeEntries } from '../../../db/write/ledger.ts';
import { FilesystemBlobs } from '../../../storage/filesystem-blobs.ts';
import { openPromoted } from '../../../workers/anchor/open-promoted.ts';
import { existingKeys } from '../../../workers/sequencer/log-key.ts';
import { runSequencer } from '../../../workers/sequencer/sequencer.ts';
import { eventually } from '../../support/eventually.ts';
import { OPERATOR } from '../../support/record.ts';
import { freshMasterKey, set } from '../../support/secrets.ts';
import { json, startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { removeTree } from '../../support/remove-tree.ts';

let api: ApiUnderTest;
let stateRoot: string;
const master = freshMasterKey();
const masterKey = () => master;
const stop = new AbortController();
const running: Promise<void>[] = [];
beforeAll(async () => {
  api = await startApi({ masterKey });
  stateRoot = mkdtempSync(join(tmpdir(), 'interlock-promote-'));
  const { db, databaseUrl } = api;
  const log = pino({ level: 'silent' });
  const keysOf = (origin: string, epoch: number) => existingKeys(stateRoot, { origin, epoch });
  const deps = { db, stateRoot, log };
  const blobs = new FilesystemBlobs(join(stateRoot, 'blobs'));
  const open = () => openPromoted({ ...deps, blobs, keysOf });
  for (let i = 0; i < 2; i += 1) running.push(runSequencer({ ...deps, databaseUrl, openPromoted: open }, stop.signal));
});
afterAll(async () => {
  stop.abort();
  await Promise.all(running);
  await api?.close();
  removeTree(stateRoot);
});

const write = () =>
  transaction(api.db, (tx) =>
    writeEntries(tx, [
      {
        ...OPERATOR,
        at: '2026-11-21T12:00:00.000Z',
        action: 'tested',
        object: 'test/1',
        record_hash: null,
        record_version: null,
        detail: {},
        policy_digest: null,
      },
    ]),
  );
const origin = async () => (await (await api.get('/ledger/checkpoint')).text()).split('\n')[0] ?? '';

describe('POST /v1/restore/promote', () => {
  it('opens the next epoch, and its checkpoints are signed by its own key', async () => {
    await write();
    await eventually(async () => (await api.get('/ledger/checkpoint')).status === 200);
    const before = await origin();
    expect(((await json(api.get('/v1/status')))['ledger'] as { origin: string }).origin).toBe(before);
    const ask = (body: object) => api.post('/v1/restore/promote', body);
    const refused = [
      [{ origin: 'other/1', reason: 'restored', confirm: 'other/1' }, 'log_not_current'],
      [{ origin: before, reason: 'restored' }, 'confirmation_required'],
    ] as const;
    for (const [body, code] of refused) {
      const answer = await ask(body);
      expect(answer.status, code).toBe(409);
      expect(await answer.json()).toMatchObject({ code });
    }
    const answer = await ask({ origin: before, reason: 'restored', confirm: before });
    const after = before.replace(/1$/, '2');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ status: 'promoted', origin: after, epoch: 2, single_operator: true });
    await write();
    await eventually(async () => (await origin()) === after);
    expect(await (await api.get('/ledger/key')).text()).toContain(`${after}+`);
  });

  it('S1-111 ends every lease, disables every token and counts every value as exposed until it is rotated', async () => {
    const before = await origin();
    const deps = { db: api.db, masterKey };
    await set(deps, 'model.key', 'a value of before');
    await set(deps, 'pager.key', 'another of before', { class: 'control' });
    const issue = await json(api.post('/v1/tokens', { user: 'alice', roles: ['viewer'] }));
    expect(issue['token']).toMatch(/^ilk_/);
    const lease = await json<{ lease_id: string; secret: string }>(
      api.post('/v1/leases', { slot: 'model.key', subject: 'agent:1' }),
    );
    const read = () => api.post(`/v1/leases/${lease.lease_id}/read`, {}, { Authorization: `Bearer ${lease.secret}` });
    expect((await read()).status).toBe(200);
    const warned = async () =>
      (
        await json<{ health: { warnings: { code: string; since: string; detail: string }[] } }>(api.get('/v1/status'))
      ).health.warnings.find(({ code }) => code === 'restored_unrotated');
    const promoted = await api.post('/v1/restore/promote', { origin: before, reason: 'restored', confirm: before });
    expect(promoted.status).toBe(200);
    await eventually(async () => (await warned()) !== undefined);
    expect(await warned()).toMatchObject({
      since: expect.stringMatching(/Z$/) as string,
      detail: expect.stringContaining('2 slots') as string,
    });
    expect(await (await read()).json()).toMatchObject({ code: 'lease_revoked' });
    const tokens = await rows(api.db, 'SELECT disabled, disabled_by FROM api_tokens');
    expect(tokens).toEqual([{ disabled: 1, disabled_by: 'restore-promote' }]);
    expect(await rows(api.db, `SELECT 1 FROM ledger_entries WHERE action = 'break_glass'`)).toEqual([]);
    const [entry] = await rows<{ detail: string }>(
      api.db,
      `SELECT detail FROM ledger_entries WHERE action = 'restore_closed' ORDER BY entry_id DESC LIMIT 1`,
    );
    expect(JSON.parse(entry?.detail ?? '')).toEqual({ slots: 2, versions_exposed: 1, tokens_disabled: 1 });
    const exposed = async () =>
      (await json<{ slot: string; exposed_since: string | null }[]>(api.get('/v1/secrets')))
        .filter(({ exposed_since }) => exposed_since !== null)
        .map(({ slot }) => slot);
    expect(await exposed()).toEqual(['model.key', 'pager.key']);
    await set(deps, 'model.key', 'a value of after');
    expect(await exposed()).toEqual(['pager.key']);
    expect((await warned())?.detail).toContain('1 slot ');
    await set(deps, 'pager.key', 'another of after');
    expect(await warned()).toBeUndefined();
  });
});
