import { canonicalJson } from '../../domain/canonical/json.ts';
import { hooksDigest, parseHooks } from '../../domain/hook/hooks.ts';
import type { HookSet } from '../../domain/hook/hooks.ts';
import { prepared } from '../client.ts';
import type { Database, Queryable } from '../client.ts';
import { transaction } from '../transaction.ts';
import { sha256 } from '../write/change.ts';
import { activateDocument } from './policies.ts';

export interface ActiveHooks {
  digest: string;
  activated_at: string;
  actor: string;
  set: HookSet;
}

export type HooksApplied = { ok: true; digest: string } | { ok: false; code: 'digest_mismatch'; digest: string };

/** Swaps the whole set of hooks for the reviewed one that has this digest; anything else changes nothing. */
export async function applyHooks(
  db: Database,
  by: { actor: string; on_behalf_of: string | null },
  set: HookSet,
  reviewed: string,
): Promise<HooksApplied> {
  const digest = hooksDigest(set, sha256);
  if (digest !== reviewed) return { ok: false, code: 'digest_mismatch', digest };
  const { actor, on_behalf_of } = by;
  const document = { kind: 'hooks' as const, digest, body: canonicalJson(set), actor, on_behalf_of };
  return { ok: true, digest: await transaction(db, (tx) => activateDocument(tx, document, 'replace')) };
}

/** At start: makes the reviewed file the active set only where none is active yet. Returns the digest in force. */
export async function ensureHooks(db: Database, set: HookSet, actor: string): Promise<string> {
  const document = {
    kind: 'hooks' as const,
    digest: hooksDigest(set, sha256),
    body: canonicalJson(set),
    actor,
    on_behalf_of: null,
  };
  return transaction(db, (tx) => activateDocument(tx, document, 'first'));
}

/** The set of hooks in force, as of this statement; undefined where none was ever applied. */
export async function activeHooks(db: Queryable): Promise<ActiveHooks | undefined> {
  const [row] = await prepared<Omit<ActiveHooks, 'set'> & { body: string }>(
    db,
    'hooks-active',
    `SELECT a.digest, a.activated_at, a.actor, p.body FROM active_policies a JOIN policies p USING (digest) WHERE a.kind = 'hooks'`,
    [],
  );
  if (row === undefined) return undefined;
  const { body, ...active } = row;
  const parsed = parseHooks(JSON.parse(body));
  if (!parsed.ok) throw new Error('the active hooks do not parse');
  return { ...active, set: parsed.set };
}
