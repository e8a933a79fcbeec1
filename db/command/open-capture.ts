import { randomBytes } from 'node:crypto';
import type { WindowRequest } from '../../domain/runtime/capture-window.ts';
import { one } from '../client.ts';
import { createDataKey } from '../secrets/envelope.ts';
import type { Tx } from '../transaction.ts';
import { closeWindow, lockOpenWindow, pokeCapture } from '../write/capture-windows.ts';
import { writeEntries } from '../write/ledger.ts';
import { CAPTURE_ACTOR } from './attend-capture.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';
import { pinMasterKey } from './pin-master-key.ts';
import type { SecretsDeps } from './set-secret.ts';

export type CaptureOpened =
  | { ok: true; window_id: string; level: string; opened_at: string; not_after: string }
  | { ok: false; code: 'capture_open' }
  | Reused;

/**
 * Opens the one capture window of a workspace, with a data key of its own and a process that closes it. A second one is
 * refused, `capture_open`: a window that could be replaced would have no end. What is asked for was checked by
 * `windowProblem`. Errors: SecretsError master_key_missing, master_key_mismatch; without a key nothing is captured.
 */
export async function openCapture(
  { db, masterKey }: SecretsDeps,
  by: Caller,
  { key, level, seconds, ticket }: WindowRequest & { key: DecisionKey },
): Promise<CaptureOpened> {
  const master = masterKey();
  const { workspace_id } = by;
  const once = { workspace_id, aggregate: `runtime/${workspace_id}`, kind: 'debug', key };
  return decideOnce<CaptureOpened>(db, by, once, async (tx, now) => {
    const open = await lockOpenWindow(tx, workspace_id);
    if (open?.late === false) return { ok: false, code: 'capture_open' };
    // Its process did not come to it yet.
    if (open !== undefined) {
      await closeWindow(tx, open, { by: { actor: CAPTURE_ACTOR, on_behalf_of: null }, reason: 'expired', now });
      await pokeCapture(
        tx,
        { workspace_id, window_id: open.window_id, version: open.version + 1, actor: by.actor },
        now,
      );
    }
    const ring = await pinMasterKey(tx, master, by, now);
    const window_id = `CAP-${now.slice(0, 10).replaceAll('-', '')}-${randomBytes(4).toString('hex')}`;
    const { wrapped } = createDataKey(ring, { workspace_id, slot: `capture/${window_id}` });
    const not_after = await insert(tx, [
      workspace_id,
      window_id,
      level,
      ticket,
      wrapped,
      now,
      seconds,
      by.actor,
      by.on_behalf_of,
    ]);
    await writeEntries(tx, [
      {
        ...by,
        at: now,
        action: 'capture_opened',
        object: `capture/${window_id}`,
        record_hash: null,
        record_version: 1,
        detail: { level, ticket, not_after },
        policy_digest: null,
      },
    ]);
    await pokeCapture(tx, { workspace_id, window_id, version: 1, actor: by.actor }, now);
    return { ok: true, window_id, level, opened_at: now, not_after };
  });
}

async function insert(tx: Tx, values: unknown[]): Promise<string> {
  const row = await one<{ not_after: string }>(
    tx,
    `INSERT INTO capture_windows (workspace_id, window_id, level, ticket, wrapped_key, opened_at, not_after, version, actor, on_behalf_of)
      VALUES ($1, $2, $3, $4, $5, $6::timestamptz, $6::timestamptz + make_interval(secs => $7), 1, $8, $9) RETURNING not_after`,
    values,
  );
  if (row === undefined) throw new Error('a window that was just opened is not there');
  return row.not_after;
}
