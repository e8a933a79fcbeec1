import { one } from '../client.ts';
import type { CaptureSummary } from '../read/captures.ts';
import { openDataKey, openSecret } from '../secrets/envelope.ts';
import { transaction } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import type { Caller } from './caller.ts';
import type { SecretsDeps } from './set-secret.ts';
import { capturePlace } from './store-captures.ts';

export type ShownCapture = CaptureSummary & { content: unknown };

/**
 * What a capture holds. Each reading is an entry `capture_read`, written before anything is handed out. Undefined: there is
 * none, or its time is over. Errors: SecretsError master_key_missing, master_key_mismatch, secret_unreadable.
 */
export async function showCapture(
  { db, masterKey }: SecretsDeps,
  by: Caller,
  capture_id: string,
): Promise<ShownCapture | undefined> {
  const master = masterKey();
  const { workspace_id } = by;
  return transaction(db, async (tx) => {
    const row = await one<CaptureSummary & { envelope: string; wrapped_key: string; now: string }>(
      tx,
      `SELECT c.capture_id, c.window_id, c.source, c.at, c.method, c.path_template, c.status, c.actor, c.expires_at, c.envelope,
          w.wrapped_key, date_trunc('milliseconds', clock_timestamp()) AS now
        FROM debug_captures c JOIN capture_windows w ON w.workspace_id = c.workspace_id AND w.window_id = c.window_id
        WHERE c.workspace_id = $1 AND c.capture_id = $2 AND c.expires_at > clock_timestamp()`,
      [workspace_id, capture_id],
    );
    if (row === undefined) return undefined;
    const { envelope, wrapped_key, now, ...summary } = row;
    const key = openDataKey(master, { workspace_id, slot: `capture/${row.window_id}` }, wrapped_key);
    const plain = openSecret(key, capturePlace(workspace_id, row.window_id, capture_id), 1, envelope);
    const content = JSON.parse(plain.toString('utf8')) as unknown;
    plain.fill(0);
    await writeEntries(tx, [
      {
        ...by,
        at: now,
        action: 'capture_read',
        object: `capture/${row.window_id}`,
        record_hash: null,
        record_version: null,
        detail: { capture_id },
        policy_digest: null,
      },
    ]);
    return { ...summary, content };
  });
}
