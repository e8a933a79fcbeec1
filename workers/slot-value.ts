import { readControlSecret } from '../db/command/read-control-secret.ts';
import type { ControlRead } from '../db/command/read-control-secret.ts';
import type { SecretsDeps } from '../db/command/set-secret.ts';
import { SecretsError } from '../db/secrets-error.ts';

/** The value of a control slot; null when there is none that opens. Each read is an entry. */
export async function slotValue(deps: SecretsDeps, read: ControlRead): Promise<Buffer | null> {
  try {
    return (await readControlSecret(deps, read)).value;
  } catch (error) {
    if (error instanceof SecretsError) return null;
    throw error;
  }
}
