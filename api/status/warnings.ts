import { oldestPoke } from '../../db/read/relay.ts';
import type { ApiDeps } from '../deps.ts';
import { diskHigh } from './storage.ts';

/** `since` is null where nobody recorded when it began. */
export interface Warning {
  code: 'relay_backlog' | 'disk_high';
  since: string | null;
  detail: string;
}

/** A poke older than this is not being relayed at the pace it should be. */
const BACKLOG_MS = 30_000;

export async function warnings({ db, about }: Pick<ApiDeps, 'db' | 'about'>, now: string): Promise<Warning[]> {
  const out: Warning[] = [];
  const since = await oldestPoke(db);
  if (since !== null && Date.parse(now) - Date.parse(since) > BACKLOG_MS)
    out.push({ code: 'relay_backlog', since, detail: 'the oldest poke has waited for more than 30 s' });
  const disk = await diskHigh(about.stateRoot);
  if (disk !== null) out.push({ code: 'disk_high', since: null, detail: disk });
  return out;
}
