import { readControlSecret } from '../../db/command/read-control-secret.ts';
import type { SecretsDeps } from '../../db/command/set-secret.ts';
import { controlSlotVersion } from '../../db/read/control-slot-version.ts';
import { SecretsError } from '../../db/secrets-error.ts';
import type { SlotRef } from '../../domain/secret/secret-ref.ts';

/** Names the workspace of an adapter, and itself. */
interface Of {
  workspace_id: string;
  adapter_id: string;
}

/**
 * Values of the slots that signatures are judged by. Anyone may send a request to be judged, and each read of a slot is an
 * entry: a value is read once per version, and whether that is still the current one is asked every time.
 */
export function createSlotValues(deps: SecretsDeps) {
  const known = new Map<string, { version: number; value: Buffer }>();

  return async ({ workspace_id, adapter_id }: Of, { slot, which }: SlotRef): Promise<Buffer | null> => {
    const key = JSON.stringify([workspace_id, slot, which]);
    const version = await controlSlotVersion(deps.db, workspace_id, slot, which);
    const last = known.get(key);
    if (last?.version === version) return Buffer.from(last.value);
    last?.value.fill(0);
    known.delete(key);
    if (version === null) return null;
    const read = { workspace_id, slot, which, actor: 'adapter-events', purpose: `adapter/${adapter_id}` };
    try {
      const { value } = await readControlSecret(deps, read);
      known.set(key, { version, value });
      return Buffer.from(value);
    } catch (error) {
      if (error instanceof SecretsError) return null;
      throw error;
    }
  };
}
