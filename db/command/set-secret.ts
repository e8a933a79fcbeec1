import { createHmac } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical/json.ts';
import type { SlotClass } from '../../domain/secret/slot.ts';
import type { Database } from '../client.ts';
import type { NamedKey } from '../secrets/envelope.ts';
import { writeEntries } from '../write/ledger.ts';
import { lockSlot, writeVersion } from '../write/secrets.ts';
import type { WrittenVersion } from '../write/secrets.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import { secretEntry } from './secret-entry.ts';
import { pinMasterKey } from './pin-master-key.ts';
import type { MasterKeySource } from './pin-master-key.ts';

/** What secrets are worked with. */
export interface SecretsDeps {
  db: Database;
  masterKey: MasterKeySource;
}

export interface SecretToSet {
  slot: string;
  /** UTF-8 of the value; the caller zeroes it. */
  value: Buffer;
  kind?: string | undefined;
  class?: SlotClass | undefined;
  /** Kept for a rotation of the slot, and not in force until that. */
  staged?: boolean | undefined;
  decision_id: string;
}

export type SecretSet =
  ({ ok: true } & WrittenVersion) | { ok: false; code: 'secret_class_fixed' | 'secret_not_found' } | Reused;

/**
 * Gives a slot a new value, and makes the slot where there is none: a new version, an entry `secret_set`, and the end of
 * the slot's live leases, in one transaction. A staged one is none of that but a version that waits (`secret_staged`), of a
 * slot that there is. The class is `subject` unless it is said, and never changes. Errors:
 * SecretsError master_key_missing, master_key_mismatch.
 */
export async function setSecret({ db, masterKey }: SecretsDeps, by: Caller, asked: SecretToSet): Promise<SecretSet> {
  const master = masterKey();
  const { slot, decision_id } = asked;
  const once = {
    workspace_id: by.workspace_id,
    aggregate: `secret/${slot}`,
    kind: 'set',
    key: { decision_id, request_digest: keyedDigest(master, asked) },
  };
  return decideOnce<SecretSet>(db, by, once, async (tx, now) => {
    const ring = await pinMasterKey(tx, master, by, now);
    const { value, kind, class: slotClass, staged = false } = asked;
    if (staged && (await lockSlot(tx, by.workspace_id, slot)) === undefined)
      return { ok: false, code: 'secret_not_found' };
    const written = await writeVersion(tx, ring, by, { slot, value, kind, class: slotClass, staged }, now);
    if (written === null) return { ok: false, code: 'secret_class_fixed' };
    await writeEntries(tx, [
      secretEntry(by, {
        at: now,
        action: staged ? 'secret_staged' : 'secret_set',
        object: `secret/${slot}`,
        version: written.version,
        detail: { ...written },
      }),
    ]);
    return { ok: true, ...written };
  });
}

/** A plain digest of a short secret could be found by trying; this one needs the master key. */
function keyedDigest({ key }: NamedKey, { slot, value, kind, class: slotClass, staged }: SecretToSet): string {
  const said = canonicalJson({
    kind: kind ?? null,
    class: slotClass ?? null,
    set: slot,
    ...(staged ? { staged } : {}),
  });
  return createHmac('sha256', key)
    .update('interlock/set-secret/v1\u0000')
    .update(said)
    .update('\u0000')
    .update(value)
    .digest('hex');
}
