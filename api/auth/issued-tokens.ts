import { isIssuedText, tokenDigest } from '../../db/command/tokens.ts';
import type { Database } from '../../db/client.ts';
import { tokenInForce } from '../../db/read/tokens.ts';
import type { TokenInForce } from '../../db/read/tokens.ts';
import { followTokens } from '../../db/token-changes.ts';
import type { Beat } from '../../db/token-changes.ts';

import type { Principal } from './principal.ts';

export interface IssuedTokens {
  /** Whom a token of the record speaks for now. Errors: those of the database, when nothing known is recent enough. */
  find: (token: string) => Promise<Principal | undefined>;
  close: () => Promise<void>;
}

export interface IssuedTokensOptions {
  db: Database;
  databaseUrl: string;
  onTrouble?: (reason: string) => void;
  /** Reads a row; tests count. */
  read?: (db: Database, token_sha256: string) => Promise<TokenInForce | undefined>;
}

/** What is known counts for so long after the beat was sent that came back last. */
const VALID_MS = 750;
/** The oldest goes when another comes. */
const KNOWN = 10_000;

interface Known {
  principal: Principal;
  not_after_ms: number;
}

/**
 * The tokens of the record, each remembered while this process demonstrably hears of every change: a revocation counts at
 * once where it is heard, and within 750 ms where it is not. Otherwise each request reads the row, and with the database
 * away nobody gets in. Whether a token is over is told by the database's clock as the last beat brought it.
 */
export function openIssuedTokens({
  db,
  databaseUrl,
  onTrouble = () => undefined,
  read = tokenInForce,
}: IssuedTokensOptions): IssuedTokens {
  const known = new Map<string, Known>();
  const stopping = new AbortController();
  let last: Beat | undefined;
  /** What was read before a change was heard, or before anything was, is not remembered. */
  let generation = 0;

  const forget = (): void => {
    last = undefined;
    generation += 1;
    known.clear();
  };
  const following = followTokens(
    { url: databaseUrl, session: 'interlock-tokens' },
    {
      listening: forget,
      changed: (token_sha256) => {
        generation += 1;
        known.delete(token_sha256);
      },
      beat: (beat) => (last = beat),
      lost: (reason) => {
        forget();
        onTrouble(reason);
      },
    },
    stopping.signal,
  );

  /** The latest that it can be by the database's clock; undefined while changes may go unheard, or this process slept. */
  function databaseNow(): number | undefined {
    if (last === undefined) return undefined;
    const elapsed = performance.now() - last.sent;
    const slept = Math.abs(Date.now() - last.sentWall) > VALID_MS;
    return elapsed > VALID_MS || slept ? undefined : last.database + elapsed;
  }

  function remember(token_sha256: string, entry: Known): void {
    const [oldest] = known.size >= KNOWN ? known.keys() : [];
    if (oldest !== undefined) known.delete(oldest);
    known.set(token_sha256, entry);
  }

  return {
    find: async (token) => {
      const token_sha256 = tokenDigest(token);
      const now = databaseNow();
      const hit = now === undefined ? undefined : known.get(token_sha256);
      if (hit !== undefined && now !== undefined && hit.not_after_ms > now) return hit.principal;
      if (!isIssuedText(token)) return undefined;
      const before = generation;
      const row = await read(db, token_sha256);
      if (row === undefined) return undefined;
      const principal = principalOf(row);
      if (generation === before && databaseNow() !== undefined)
        remember(token_sha256, { principal, not_after_ms: row.not_after_ms });
      return principal;
    },
    close: async () => {
      stopping.abort();
      await following;
    },
  };
}

const principalOf = ({ user_id, roles, workspace_id, report_source, report_classes }: TokenInForce): Principal => ({
  actor: user_id,
  roles,
  workspace_id,
  ...(report_source === null ? {} : { report_source }),
  ...(report_classes === null ? {} : { report_classes }),
});
