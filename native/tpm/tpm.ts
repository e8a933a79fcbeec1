import * as check from './arguments.ts';
import type { CommandChannel } from './command-channel.ts';
import { firstSequence } from './der.ts';
import { TpmError } from './error.ts';
import { QuotedPcrs } from './quoted-pcrs.ts';
import type {
  Credential,
  EkType,
  EndorsementKey,
  PcrBank,
  PcrSelection,
  PcrValues,
  Quote,
  SignedAttest,
  TpmClock,
  TpmHandles,
  TpmKey,
  TpmProperties,
} from './types.ts';

/** Where the attestation key lives unless told otherwise. */
export const defaultAkHandle = 0x81010010;

const quoteAttempts = 8;
const maxQualifyingData = 64;
const maxStructure = 2048;

/**
 * An open TPM. Calls are queued and run one at a time; each rejects with a `TpmError` (`invalid_argument`, `closed`,
 * `tpm_unavailable`, or what the TPM answered) and leaves no transient object and no session in the TPM.
 */
export class Tpm {
  readonly #channel: CommandChannel;
  readonly #quotedPcrs: QuotedPcrs;

  constructor(channel: CommandChannel) {
    this.#channel = channel;
    this.#quotedPcrs = new QuotedPcrs(async (bank, indices) => {
      const read = await channel.call((native) => native.pcrRead(bank, indices));
      return read.values;
    });
  }

  /** Ends after the calls already made; later ones reject with `closed`. Idempotent, never rejects. */
  close(): Promise<void> {
    return this.#channel.close();
  }

  properties(): Promise<TpmProperties> {
    return this.#channel.call((native) => native.properties());
  }

  readClock(): Promise<TpmClock> {
    return this.#channel.call((native) => native.readClock());
  }

  /** What occupies the TPM: a leak shows in `transient` or `loadedSessions`. */
  handles(): Promise<TpmHandles> {
    return this.#channel.call((native) => native.handles());
  }

  /** TPM2_Shutdown(CLEAR): to be sent before power goes, so that the TPM counts an orderly reset. */
  shutdown(): Promise<void> {
    return this.#channel.call((native) => native.shutdown());
  }

  /**
   * `tpm_bad_parameter` when the bank is not allocated. The values belong to one moment as far as `updateCounter` tells:
   * the PC Client profile does not count changes of PCRs 16 and 21 to 23.
   */
  async pcrRead(selection: PcrSelection): Promise<PcrValues> {
    const bank = check.pcrBank('bank', selection.bank);
    const indices = check.pcrIndices('indices', selection.indices);
    return this.#channel.call((native) => native.pcrRead(bank.algorithm, indices));
  }

  /** @param event.digest as long as the bank's digests. */
  async pcrExtend(event: { index: number; bank: PcrBank; digest: Uint8Array }): Promise<void> {
    const index = check.pcrIndex('index', event.index);
    const bank = check.pcrBank('bank', event.bank);
    const digest = check.bytes('digest', event.digest, { min: bank.size, max: bank.size });
    return this.#channel.call((native) => native.pcrExtend(index, bank.algorithm, digest));
  }

  /** `tpm_bad_parameter` (TPM_RC_LOCALITY) for PCRs that only a reboot resets; 16 and 23 can be. */
  async pcrReset(pcr: { index: number }): Promise<void> {
    const index = check.pcrIndex('index', pcr.index);
    return this.#channel.call((native) => native.pcrReset(index));
  }

  /** DER X.509, or null when the TPM carries none of this type. Without a type, the one `createEk` would use. */
  async readEkCertificate(options: { type?: EkType } = {}): Promise<Buffer | null> {
    const type = check.ekType('type', options.type);
    const stored = await this.#channel.call((native) => native.readEkCertificate(type));
    return stored && firstSequence(stored);
  }

  /**
   * The endorsement key by the default template of the TCG EK Credential Profile, persisted at 0x81010002 (ECC P-256)
   * or 0x81010001 (RSA 2048); the one already there, if it was made from that template (else `tpm_bad_parameter`).
   * Without a type, the one whose certificate the TPM carries, ECC first, and ECC where it carries none.
   */
  async createEk(options: { type?: EkType } = {}): Promise<EndorsementKey> {
    const type = check.ekType('type', options.type);
    return this.#channel.call((native) => native.createEk(type));
  }

  /** A new restricted ECDSA P-256 SHA-256 signing key; `tpm_bad_parameter` (TPM_RC_NV_DEFINED) if the handle is taken. */
  async createAk(options: { handle?: number } = {}): Promise<TpmKey> {
    const handle = check.persistentHandle('handle', options.handle ?? defaultAkHandle);
    return this.#channel.call((native) => native.createAk(handle));
  }

  /** The key that `createAk` made, null if the handle is empty, `tpm_bad_parameter` if it holds another kind of key. */
  async loadAk(options: { handle?: number } = {}): Promise<TpmKey | null> {
    const handle = check.persistentHandle('handle', options.handle ?? defaultAkHandle);
    return this.#channel.call((native) => native.loadAk(handle));
  }

  /** Removes a persistent key; a key that `createAk` made is gone for good. */
  async evict(key: { handle: number }): Promise<void> {
    const handle = check.persistentHandle('handle', key.handle);
    return this.#channel.call((native) => native.evict(handle));
  }

  /** The secret that `makeCredential` hid; `tpm_bad_parameter` (TPM_RC_INTEGRITY) if it was made for other keys. */
  async activateCredential(credential: Credential & { akHandle: number; ekHandle: number }): Promise<Buffer> {
    const ak = check.persistentHandle('akHandle', credential.akHandle);
    const ek = check.persistentHandle('ekHandle', credential.ekHandle);
    const blob = check.bytes('credentialBlob', credential.credentialBlob, { min: 2, max: maxStructure });
    const secret = check.bytes('encryptedSecret', credential.encryptedSecret, { min: 2, max: maxStructure });
    return this.#channel.call((native) => native.activateCredential(ak, ek, blob, secret));
  }

  /**
   * A quote with the values it quotes: they are those whose hash is in the attest, whenever they were read, so PCRs
   * are read only when they differ from last time. `tpm_busy` when they keep changing meanwhile.
   * @param request.qualifyingData the verifier's nonce, up to 64 bytes.
   * @param request.pcrs may select nothing: then the quote attests the clock, the firmware and the nonce only.
   */
  async quote(request: { akHandle?: number; qualifyingData: Uint8Array; pcrs: PcrSelection }): Promise<Quote> {
    const ak = check.persistentHandle('akHandle', request.akHandle ?? defaultAkHandle);
    const given = check.bytes('qualifyingData', request.qualifyingData, { min: 0, max: maxQualifyingData });
    const bank = check.pcrBank('pcrs.bank', request.pcrs.bank);
    const indices = check.pcrIndices('pcrs.indices', request.pcrs.indices);
    const qualifyingData = Uint8Array.from(given);
    for (let attempt = 0; attempt < quoteAttempts; attempt += 1) {
      const signed = await this.#channel.call((native) => native.quote(ak, qualifyingData, bank.algorithm, indices));
      const pcrs = await this.#quotedPcrs.find(signed.attest, bank.algorithm, indices);
      if (pcrs) return { ...signed, pcrs };
    }
    throw new TpmError('tpm_busy', 'PCRs changed between reading and quoting them');
  }

  /**
   * An NV counter with empty authorisation that has a value; `created` is false if it existed. `tpm_bad_parameter` if
   * the index holds something else. A new counter starts above every counter this TPM ever had (Part 3, TPM2_NV_Increment).
   */
  async nvCounterDefine(counter: { index: number }): Promise<{ created: boolean }> {
    const index = check.nvIndex('index', counter.index);
    return { created: await this.#channel.call((native) => native.nvCounterDefine(index)) };
  }

  /** The value after the increment. */
  async nvIncrement(counter: { index: number }): Promise<bigint> {
    const index = check.nvIndex('index', counter.index);
    return this.#channel.call((native) => native.nvIncrement(index));
  }

  async nvRead(counter: { index: number }): Promise<bigint> {
    const index = check.nvIndex('index', counter.index);
    return this.#channel.call((native) => native.nvRead(index));
  }

  /**
   * TPM2_NV_Certify: the key's signature over the counter as it stands (TPMS_NV_CERTIFY_INFO with its eight bytes, big-endian)
   * and the verifier's nonce, up to 64 bytes.
   */
  async nvCertify(certified: { akHandle?: number; index: number; qualifyingData: Uint8Array }): Promise<SignedAttest> {
    const ak = check.persistentHandle('akHandle', certified.akHandle ?? defaultAkHandle);
    const index = check.nvIndex('index', certified.index);
    const given = check.bytes('qualifyingData', certified.qualifyingData, { min: 0, max: maxQualifyingData });
    const qualifyingData = Uint8Array.from(given);
    return this.#channel.call((native) => native.nvCertify(ak, index, qualifyingData));
  }

  async nvUndefine(counter: { index: number }): Promise<void> {
    const index = check.nvIndex('index', counter.index);
    return this.#channel.call((native) => native.nvUndefine(index));
  }
}
