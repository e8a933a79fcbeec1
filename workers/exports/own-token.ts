import { randomUUID } from 'node:crypto';
import type { Database } from '../../db/client.ts';
import { requestDigest } from '../../db/command/decisions.ts';
import { issueToken } from '../../db/command/tokens.ts';

const ACTOR = 'export-worker';
/** Seconds. A worker that is gone leaves no token behind for longer. */
const LIFETIME = 900;
/** A request that has begun may last as long as it has to: it is judged when it begins. */
const RENEW_BEFORE_MS = 60_000;

/**
 * By what the export worker asks its own instance where nobody gets in without a token: a reader's, issued on the record for
 * a quarter of an hour, for one workspace, and kept in memory only.
 */
export class OwnTokens {
  readonly #db: Database;
  readonly #held = new Map<string, { token: string; until: number }>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** Errors: those of the database. */
  async of(workspace_id: string): Promise<string> {
    const held = this.#held.get(workspace_id);
    if (held !== undefined && performance.now() < held.until) return held.token;
    const asked = performance.now();
    const by = { workspace_id, actor: ACTOR, on_behalf_of: null };
    const terms = {
      user_id: ACTOR,
      roles: ['viewer'] as const,
      label: 'reads what is exported',
      report_source: null,
      report_classes: null,
      lifetime: LIFETIME,
    };
    const key = { decision_id: randomUUID(), request_digest: requestDigest({ kind: 'issue', ...terms }) };
    const issued = await issueToken(this.#db, by, terms, key);
    if (!issued.ok || issued.token === undefined) throw new Error('no token was issued');
    this.#held.set(workspace_id, { token: issued.token, until: asked + LIFETIME * 1000 - RENEW_BEFORE_MS });
    return issued.token;
  }

  /** What was refused is not shown again: somebody has disabled it. */
  forget(workspace_id: string): void {
    this.#held.delete(workspace_id);
  }
}
