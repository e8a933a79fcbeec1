import { statSync } from 'node:fs';
import { loadPayloadKeys, payloadKeyFile } from './payload-keys.ts';
import type { PayloadKey } from './payload-keys.ts';
import type { Env } from './env.ts';

/** The keys at this moment; `again`: somebody met a key that is not among them. */
export type PayloadKeys = (again?: boolean) => readonly PayloadKey[];

export interface RingOptions {
  /** Told once of a file that cannot be taken; the keys that were read before go on. */
  onTrouble?: (error: unknown) => void;
}

/** A replaced file is seen after this long, by whoever seals; whoever cannot open something looks at once. */
const LOOK_EVERY_MS = 200;

/**
 * The keys of a file that may be replaced while the process runs, in one step (`rename`). Undefined where nothing is sealed:
 * that does not change without a start. Errors: those of `loadPayloadKeys`, at the start alone.
 */
export function payloadKeyRing(
  env: Pick<Env, 'payloadKeysFile' | 'stateRoot' | 'env'>,
  { onTrouble = () => undefined }: RingOptions = {},
): PayloadKeys | undefined {
  let keys = loadPayloadKeys(env);
  if (keys.length === 0) return undefined;
  const path = payloadKeyFile(env);
  let seen = markOf(path);
  let looked = performance.now();
  return (again = false) => {
    if (!again && performance.now() - looked < LOOK_EVERY_MS) return keys;
    looked = performance.now();
    const present = markOf(path);
    if (present === seen) return keys;
    seen = present;
    try {
      keys = loadPayloadKeys(env);
    } catch (error) {
      onTrouble(error);
    }
    return keys;
  };
}

function markOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? 'none' : `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}
