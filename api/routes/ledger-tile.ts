import { readLeaves, readTile } from '../../db/read/log.ts';
import { LedgerError } from '../../domain/ledger/error.ts';
import { TILE_WIDTH } from '../../domain/ledger/right-edge.ts';
import { entryBundle, parseTilePath, widthAt } from '../../domain/ledger/tile.ts';
import type { TileName } from '../../domain/ledger/tile.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import type { ApiDeps } from '../deps.ts';
import { immutable, requirePublished } from '../published-log.ts';
import { requireInstance } from '../instance.ts';
import { bytesOf } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** C2SP tlog-tiles: a tile of hashes or a bundle of entries, whole or the beginning that the checkpoint covers. */
async function handler({ params, principal, caller }: Call, deps: ApiDeps): Promise<Reply> {
  // The log holds the entries of every workspace: an auditor of one has its own, with proofs.
  if (principal.workspace_id !== undefined) requireInstance(caller);
  const name = nameOf(params['tile'] ?? '');
  const { epoch, size } = await requirePublished(deps);
  if (name.width > widthAt(name, size)) throw new DomainError('tile_not_found');
  const { level, n, width } = name;
  const bytes =
    level === 'entries'
      ? entryBundle(
          (await readLeaves(deps.db, { epoch, from: n * TILE_WIDTH, count: width })).map((l) => Buffer.from(l)),
        )
      : await readTile(deps.db, { epoch, level, n, width });
  return bytesOf('application/octet-stream', bytes, immutable(deps));
}

function nameOf(path: string): TileName {
  try {
    return parseTilePath(path);
  } catch (error) {
    if (error instanceof LedgerError) throw new DomainError('tile_not_found');
    throw error;
  }
}

export const route: Route = {
  method: 'GET',
  path: '/ledger/tile/*tile',
  action: 'ledger.read',
  openWhen: ({ ledgerPublic }) => ledgerPublic,
  handler,
};
