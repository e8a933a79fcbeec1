import { loadAddon } from './addon.ts';
import * as check from './arguments.ts';
import { CommandChannel } from './command-channel.ts';
import { Tpm } from './tpm.ts';

export { ekPublicKey } from './ek-public-key.ts';
export { TpmError, type TpmErrorCode } from './error.ts';
export { makeCredential } from './make-credential.ts';
export type { TpmLayer } from './response-code.ts';
export { defaultAkHandle, Tpm } from './tpm.ts';
export type {
  Credential,
  EkType,
  EndorsementKey,
  PcrBank,
  PcrSelection,
  PcrValue,
  PcrValues,
  Quote,
  TpmClock,
  TpmHandles,
  TpmKey,
  TpmProperties,
} from './types.ts';

/**
 * Connects to the TPM, starts it up if nobody has, and flushes the transient objects and sessions that earlier clients
 * left: one process owns a TPM.
 * @param options.tcti configuration of tss2-tctildr: `swtpm:host=127.0.0.1,port=2321`, `device:/dev/tpmrm0`.
 * @param options.timeoutMs how long the TPM may answer nothing before it counts as out of reach; 30,000 by default.
 *   Making an RSA key on a hardware TPM can take most of that.
 * @throws TpmError `tpm_unavailable`, `invalid_argument`
 */
export async function openTpm(options: { tcti: string; timeoutMs?: number }): Promise<Tpm> {
  const tcti = check.text('tcti', options.tcti);
  const timeoutMs = check.milliseconds('timeoutMs', options.timeoutMs ?? 30_000);
  const channel = new CommandChannel(new (loadAddon().Connection)(), timeoutMs);
  try {
    await channel.call((native) => native.open(tcti));
  } catch (error) {
    await channel.close();
    throw error;
  }
  return new Tpm(channel);
}
