import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { openDatabase } from '../../db/client.ts';
import type { Database } from '../../db/client.ts';
import type { Caller } from '../../db/command/caller.ts';
import { requestDigest } from '../../db/command/decisions.ts';
import { disableToken, issueToken } from '../../db/command/tokens.ts';
import { isUnreachable, sqlState } from '../../db/errors.ts';
import { tokenView } from '../../domain/identity/token.ts';
import type { TokenTerms, TokenView } from '../../domain/identity/token.ts';
import { WORKSPACE_ID } from '../../domain/identity/workspace.ts';
import { CliError, UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';

/** The person at the machine, as it knows them: nobody else vouches for the name. */
const offline = (workspace_id: string): Caller => ({
  workspace_id,
  actor: `offline:${userInfo().username}`,
  on_behalf_of: null,
});

/** Issues a token with the database's own credentials, of any role, with or without a server. Errors: CliError. */
export async function issueOffline(
  url: string,
  terms: TokenTerms,
  workspace = 'default',
): Promise<{ token: string } & TokenView> {
  if (!WORKSPACE_ID.test(workspace)) throw new UsageError('--workspace is no name of a workspace', 'token issue');
  const key = { decision_id: randomUUID(), request_digest: requestDigest({ kind: 'token.issue', terms }) };
  const issued = await withDatabase(url, (db) => issueToken(db, offline(workspace), terms, key));
  if (!issued.ok || issued.token === undefined) throw new Error('a new token was not told');
  return { token: issued.token, ...tokenView(issued.row) };
}

/** Disables the token of a SHA-256, of whatever workspace where none is named. Errors: CliError. */
export async function disableOffline(
  url: string,
  token_sha256: string,
  workspace: string | undefined,
): Promise<TokenView> {
  const asked = { token_sha256, anywhere: workspace === undefined };
  const disabled = await withDatabase(url, (db) => disableToken(db, offline(workspace ?? 'default'), asked));
  if (!disabled.ok) throw new CliError('there is no such token', disabled.code, EXIT.no);
  return tokenView(disabled.row);
}

/** 42P01: no such table. */
const NOT_MIGRATED = '42P01';

async function withDatabase<T>(url: string, work: (db: Database) => Promise<T>): Promise<T> {
  if (!/^postgres(ql)?:\/\//.test(url)) throw new UsageError('--database takes a URL: postgres://…');
  const db = openDatabase({ url, name: 'interlock-offline', max: 2 });
  try {
    return await work(db);
  } catch (error) {
    // What the driver says of a connection may repeat the URL.
    if (isUnreachable(error))
      throw new CliError('the database did not take the connection', 'database_unreachable', EXIT.unreachable);
    if (sqlState(error) === NOT_MIGRATED)
      throw new CliError('the database has no tokens yet: start the server once', 'database_not_ready', EXIT.no);
    throw error;
  } finally {
    await db.end();
  }
}
