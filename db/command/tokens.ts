import { hash, randomBytes } from 'node:crypto';
import { isTokenText, tokenText } from '../../domain/identity/token.ts';
import type { TokenRecord, TokenTerms } from '../../domain/identity/token.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { TOKEN_COLUMNS } from '../read/tokens.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { sha256 } from '../write/change.ts';
import { writeEntries } from '../write/ledger.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';

/** `token` is told this once; a repeat of the request, which cannot be told it again, has the row alone. */
export type TokenIssued = { ok: true; token?: string; row: TokenRecord } | Reused;

type Recorded = { ok: true; row: TokenRecord };

export const tokenDigest = (token: string): string => hash('sha256', token, 'hex');

/** Whether a text has the form of the tokens that are issued here. */
export const isIssuedText = (text: string): boolean => isTokenText(text, sha256);

/** Without this the trigger takes a change for one that somebody made with psql. It ends with the transaction. */
const markCommand = (tx: Tx) => tx.query(`SELECT set_config('interlock.command', pg_current_xact_id()::text, true)`);

/** Issues a token in the caller's workspace. Only its SHA-256 is written anywhere. */
export async function issueToken(db: Database, by: Caller, terms: TokenTerms, key: DecisionKey): Promise<TokenIssued> {
  const token = tokenText(randomBytes(32).toString('base64url'), sha256);
  const token_sha256 = tokenDigest(token);
  const once = { workspace_id: by.workspace_id, aggregate: 'tokens', kind: 'issue', key };
  const issued = await decideOnce<Recorded>(db, by, once, async (tx, now) => {
    await markCommand(tx);
    const row = await insert(tx, by, { terms, token_sha256, now });
    const { roles, label, report_source, report_classes, not_after } = row;
    // A label is free text: the entry says that there is one.
    const detail = { user_id: row.user_id, roles, labelled: label !== null, report_source, report_classes, not_after };
    await entry(tx, by, 'token_issued', token_sha256, detail, now);
    return { ok: true, row };
  });
  if (!issued.ok) return issued;
  return issued.row.token_sha256 === token_sha256 ? { ...issued, token } : issued;
}

async function insert(
  tx: Tx,
  by: Caller,
  { terms, token_sha256, now }: { terms: TokenTerms; token_sha256: string; now: string },
): Promise<TokenRecord> {
  const row = await one<TokenRecord>(
    tx,
    `INSERT INTO api_tokens (workspace_id, token_sha256, user_id, roles, label, report_source, report_classes, created_at,
        not_after, actor, on_behalf_of)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8::timestamptz + $9 * interval '1 second', $10, $11) RETURNING ${TOKEN_COLUMNS}`,
    [
      by.workspace_id,
      token_sha256,
      terms.user_id,
      terms.roles,
      terms.label,
      terms.report_source,
      terms.report_classes,
      now,
      terms.lifetime,
      by.actor,
      by.on_behalf_of,
    ],
  );
  if (row === undefined) throw new Error('the token was not written');
  return row;
}

export type TokenDisabled = { ok: true; row: TokenRecord } | { ok: false; code: 'token_not_found' };

/** Disables a token for good, of any workspace where `anywhere` is set. One that is disabled stays as it is. */
export async function disableToken(
  db: Database,
  by: Caller,
  { token_sha256, anywhere = false }: { token_sha256: string; anywhere?: boolean },
): Promise<TokenDisabled> {
  return transaction(db, async (tx) => {
    await markCommand(tx);
    const row = await one<TokenRecord & { now: string }>(
      tx,
      `SELECT ${TOKEN_COLUMNS}, date_trunc('milliseconds', clock_timestamp()) AS now FROM api_tokens
        WHERE token_sha256 = $1 AND ($2::text IS NULL OR workspace_id = $2) FOR UPDATE`,
      [token_sha256, anywhere ? null : by.workspace_id],
    );
    if (row === undefined) return { ok: false, code: 'token_not_found' };
    const { now, ...known } = row;
    if (known.disabled === 1) return { ok: true, row: known };
    const disabled = await one<TokenRecord>(
      tx,
      `UPDATE api_tokens SET disabled = 1, disabled_at = $2, disabled_by = $3 WHERE token_sha256 = $1 RETURNING ${TOKEN_COLUMNS}`,
      [token_sha256, now, by.actor],
    );
    if (disabled === undefined) throw new Error('the token was not written');
    await entry(tx, { ...by, workspace_id: known.workspace_id }, 'token_disabled', token_sha256, detailOf(known), now);
    return { ok: true, row: disabled };
  });
}

const detailOf = ({ user_id, roles }: TokenRecord) => ({ user_id, roles });

const entry = (
  tx: Tx,
  by: Caller,
  action: string,
  token_sha256: string,
  detail: Record<string, unknown>,
  at: string,
): Promise<void> =>
  writeEntries(tx, [
    {
      workspace_id: by.workspace_id,
      at,
      actor: by.actor,
      on_behalf_of: by.on_behalf_of,
      action,
      object: `token/${token_sha256}`,
      record_hash: null,
      record_version: null,
      detail,
      policy_digest: null,
    },
  ]);
