import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { openAuthentication } from '../../../api/auth/open-authentication.ts';
import { openDatabase, rows } from '../../../db/client.ts';
import { issueToken } from '../../../db/command/tokens.ts';
import { ensurePolicy } from '../../../db/command/policies.ts';
import { loadContainmentFile } from '../../../config/containment-file.ts';
import type { Role } from '../../../domain/identity/roles.ts';
import type { TokenTerms } from '../../../domain/identity/token.ts';
import { POLICY_FILE, startApi } from '../api/api-under-test.ts';
import { testDatabase } from '../../support/postgres.ts';
import { decisionKey, TERMS } from './terms.ts';

interface Answer<T> {
  status: number;
  link: string | null;
  body: T;
}

/** The API whose only way in are the tokens of its record. */
export async function openDoor() {
  const root = mkdtempSync(join(tmpdir(), 'interlock-door-'));
  const own = await testDatabase();
  const db = openDatabase({ url: own.url, name: 'test-door', max: 4 });
  await ensurePolicy(db, loadContainmentFile(POLICY_FILE), 'system');
  const files = { tokensFile: undefined, adminTokenFile: undefined, readonlyTokenFile: undefined };
  const { auth, close } = await openAuthentication(
    { loopbackTrust: false, ...files, stateRoot: root, databaseUrl: own.url },
    { db, log: pino({ level: 'silent' }) },
  );
  const api = await startApi({ auth, databaseUrl: own.url });

  const call = async <T = Record<string, unknown>>(
    token: string,
    method: string,
    path: string,
    body?: object,
    key?: string,
  ): Promise<Answer<T>> => {
    const response = await fetch(api.url + path, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(key === undefined ? {} : { 'Idempotency-Key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, link: response.headers.get('link'), body: (await response.json()) as T };
  };

  return {
    api,
    db,
    databaseUrl: own.url,
    call,
    /** A token as the host issues it. */
    holder: async (user_id: string, roles: Role[], more: Partial<TokenTerms> = {}, workspace_id = 'default') => {
      const by = { workspace_id, actor: 'offline:root', on_behalf_of: null };
      const issued = await issueToken(db, by, { ...TERMS, user_id, roles, ...more }, decisionKey());
      if (!issued.ok || issued.token === undefined) throw new Error('not issued');
      return { token: issued.token, sha256: issued.row.token_sha256 };
    },
    trail: () =>
      readFileSync(join(root, 'auth', 'audit.jsonl'), 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    entries: (object: string) =>
      rows<{ action: string; actor: string; workspace_id: string; detail: string }>(
        db,
        'SELECT * FROM ledger_entries WHERE object = $1 ORDER BY entry_id',
        [object],
      ),
    close: async () => {
      await api.close();
      await close();
      await db.end();
      await own.drop();
      rmSync(root, { recursive: true });
    },
  };
}

export type Door = Awaited<ReturnType<typeof openDoor>>;
