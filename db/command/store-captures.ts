import { randomBytes } from 'node:crypto';
import { CAPTURE_TTL } from '../../domain/runtime/capture-window.ts';
import type { CaptureSource } from '../../domain/runtime/capture-window.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { sealSecret } from '../secrets/envelope.ts';
import type { NamedKey } from '../secrets/envelope.ts';
import { transaction } from '../transaction.ts';

/** An exchange as it is kept. `content` is redacted JSON text; nothing else leaves this process in the clear. */
export interface CaptureDraft {
  source: CaptureSource;
  method: string;
  path_template: string;
  status: number | null;
  content: string;
  actor: string;
  on_behalf_of: string | null;
}

/** What is kept opens with the window's data key, for this capture alone. */
export const capturePlace = (workspace_id: string, window_id: string, capture_id: string) => ({
  workspace_id,
  slot: `capture/${window_id}/${capture_id}`,
});

/**
 * Keeps exchanges in their window, and counts those that were dropped, which is also done for a window that has closed.
 * False: the window is over by the database's clock, and nothing was kept. Its entry is the one of the window's end, which
 * has the counts: an entry for each exchange would make the ledger a log of requests.
 */
export async function storeCaptures(
  db: Database,
  of: { workspace_id: string; window_id: string; key: NamedKey },
  { drafts, dropped }: { drafts: readonly CaptureDraft[]; dropped: number },
): Promise<boolean> {
  const { workspace_id, window_id, key } = of;
  return transaction(db, async (tx) => {
    const row = await one<{ live: boolean; now: string }>(
      tx,
      `UPDATE capture_windows SET dropped = dropped + $3 + CASE WHEN live THEN 0 ELSE $4 END,
          captured = captured + CASE WHEN live THEN $4 ELSE 0 END
        FROM (SELECT closed_at IS NULL AND not_after > clock_timestamp() AS live FROM capture_windows
          WHERE workspace_id = $1 AND window_id = $2 FOR UPDATE) AS seen
        WHERE workspace_id = $1 AND window_id = $2
        RETURNING live, date_trunc('milliseconds', clock_timestamp()) AS now`,
      [workspace_id, window_id, dropped, drafts.length],
    );
    if (row?.live !== true) return false;
    const day = row.now.slice(0, 10).replaceAll('-', '');
    const sealed = drafts.map((draft) => {
      const capture_id = `DBG-${day}-${randomBytes(8).toString('hex')}`;
      const plain = Buffer.from(draft.content);
      const envelope = sealSecret(key, capturePlace(workspace_id, window_id, capture_id), 1, plain);
      plain.fill(0);
      return { ...draft, capture_id, envelope };
    });
    const column = <K extends keyof (typeof sealed)[number]>(name: K) => sealed.map((capture) => capture[name]);
    await tx.query({
      name: 'captures-insert',
      text: `INSERT INTO debug_captures (workspace_id, window_id, at, expires_at, capture_id, source, method, path_template,
          status, envelope, actor, on_behalf_of)
        SELECT $1, $2, $3::timestamptz, $3::timestamptz + make_interval(secs => $4), c.* FROM unnest($5::text[], $6::text[], $7::text[],
          $8::text[], $9::int4[], $10::text[], $11::text[], $12::text[]) AS c`,
      values: [
        workspace_id,
        window_id,
        row.now,
        CAPTURE_TTL,
        column('capture_id'),
        column('source'),
        column('method'),
        column('path_template'),
        column('status'),
        column('envelope'),
        column('actor'),
        column('on_behalf_of'),
      ],
    });
    return true;
  });
}
