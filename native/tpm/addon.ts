import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { TpmError } from './error.ts';
import type {
  EkType,
  EndorsementKey,
  PcrValues,
  SignedAttest,
  TpmClock,
  TpmHandles,
  TpmKey,
  TpmProperties,
} from './types.ts';

/** A connection as the addon offers it: positional arguments, nothing checked. */
export interface NativeConnection {
  open(tcti: string): Promise<void>;
  close(): Promise<void>;
  stop(): void;
  properties(): Promise<TpmProperties>;
  readClock(): Promise<TpmClock>;
  handles(): Promise<TpmHandles>;
  shutdown(): Promise<void>;
  pcrRead(bank: number, indices: readonly number[]): Promise<PcrValues>;
  pcrExtend(index: number, bank: number, digest: Uint8Array): Promise<void>;
  pcrReset(index: number): Promise<void>;
  readEkCertificate(type: EkType | null): Promise<Buffer | null>;
  createEk(type: EkType | null): Promise<EndorsementKey>;
  createAk(handle: number): Promise<TpmKey>;
  loadAk(handle: number): Promise<TpmKey | null>;
  evict(handle: number): Promise<void>;
  activateCredential(ak: number, ek: number, credentialBlob: Uint8Array, encryptedSecret: Uint8Array): Promise<Buffer>;
  quote(ak: number, qualifyingData: Uint8Array, bank: number, indices: readonly number[]): Promise<SignedAttest>;
  nvCounterDefine(index: number): Promise<boolean>;
  nvIncrement(index: number): Promise<bigint>;
  nvRead(index: number): Promise<bigint>;
  nvCertify(ak: number, index: number, qualifyingData: Uint8Array): Promise<SignedAttest>;
  nvUndefine(index: number): Promise<void>;
}

interface Addon {
  Connection: new () => NativeConnection;
}

/** Loads `INTERLOCK_TPM_ADDON`, or what `native/tpm/build.sh native/tpm/build` made. `tpm_unavailable` without one. */
export function loadAddon(): Addon {
  const path = process.env.INTERLOCK_TPM_ADDON ?? fileURLToPath(new URL('./build/tpm.node', import.meta.url));
  try {
    return createRequire(import.meta.url)(path) as Addon;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    throw new TpmError('tpm_unavailable', `the TPM addon does not load (build it with native/tpm/build.sh): ${reason}`);
  }
}
