import { rows } from '../../../db/client.ts';
import type { Exchange } from '../../../db/capture-point.ts';
import { eventually } from '../../support/eventually.ts';
import { json } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';

export interface Listed {
  capture_id: string;
  window_id: string;
  method: string;
  path_template: string;
  status: number | null;
}

export const workspace = () => `w-${crypto.randomUUID()}`;

export const as = (w: string) => ({ 'X-Interlock-Workspace': w });

export const owner = (workspace_id: string) => ({ workspace_id, actor: 'owner@org', on_behalf_of: null });

/** Asks the API about captures, in workspaces of loopback trust. */
export function clientOf(api: ApiUnderTest) {
  const post = (w: string, path: string, body: unknown) => json(api.post(path, body, as(w)));
  const get = <T>(w: string, path: string) => json<T>(api.get(path, { headers: as(w) }));
  const open = (w: string, level: 'errors' | 'full') =>
    post(w, '/v1/runtime/debug', { level, for_seconds: 600, ...(level === 'full' ? { ticket: 'T-1' } : {}) });
  const list = (w: string, query = '') => get<Listed[]>(w, `/v1/debug/captures${query}`);
  const captured = (w: string, n: number) =>
    eventually(async () => {
      const found = await list(w);
      return found.length >= n && found;
    });
  const entries = async (w: string, action: string) =>
    (
      await rows<{ detail: string; actor: string }>(
        api.db,
        'SELECT detail, actor FROM ledger_entries WHERE workspace_id = $1 AND action = $2 ORDER BY entry_id',
        [w, action],
      )
    ).map(({ detail, actor }) => ({ actor, ...(JSON.parse(detail) as object) }));
  return { post, get, open, list, captured, entries };
}

/** An exchange that was captured whatever its route. */
export const exchange = (workspace_id: string, more: Partial<Exchange> = {}): Exchange => ({
  workspace_id,
  source: 'upstream',
  method: 'POST',
  path_template: 'upstream/x',
  target: 'https://x.example/v1',
  status: 200,
  failure: null,
  request: () => ({ value: { a: 1 }, bytes: 7 }),
  response: () => ({ value: undefined, bytes: 0 }),
  actor: 'test',
  on_behalf_of: null,
  ...more,
});
