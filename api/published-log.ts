import { publishedLog } from '../db/read/log.ts';
import type { PublishedLog } from '../db/read/log.ts';
import { DomainError } from '../domain/problem/problem.ts';
import type { Queryable } from '../db/client.ts';
import type { ApiDeps } from './deps.ts';

/** The log up to its last signed checkpoint. Errors: ledger_unpublished before the first. */
export async function requirePublished({ db }: { db: Queryable }): Promise<PublishedLog> {
  const log = await publishedLog(db);
  if (log === undefined) throw new DomainError('ledger_unpublished');
  return log;
}

/** What is served once is served for ever: a complete tile never changes, and part of one is the beginning of it. */
export const immutable = ({ ledgerPublic }: Pick<ApiDeps, 'ledgerPublic'>): Record<string, string> => ({
  'Cache-Control': `${ledgerPublic ? 'public' : 'private'}, max-age=31536000, immutable`,
});

/** C2SP tlog-tiles asks that a checkpoint is not held back by caches. */
export const FRESH = { 'Cache-Control': 'no-cache' };

export const PLAIN = 'text/plain; charset=utf-8';
