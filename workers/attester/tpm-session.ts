import { openTpm, TpmError } from '../../native/tpm/index.ts';
import type { Tpm } from '../../native/tpm/index.ts';

const GONE: readonly string[] = ['tpm_unavailable', 'closed'];
/** Longer than any quote, shorter than the patience of who asked for it. */
const TPM_ANSWERS_WITHIN_MS = 10_000;

/** The host's only connection to its TPM, opened when needed, and again when the TPM was gone and came back. */
export class TpmSession {
  readonly #tcti: string;
  #tpm: Promise<Tpm> | undefined;

  constructor(tcti: string) {
    this.#tcti = tcti;
  }

  /** Runs `work` on the TPM; on a connection that turns out to be dead it runs once more on a new one. Throws TpmError. */
  async use<T>(work: (tpm: Tpm) => Promise<T>): Promise<T> {
    const fresh = this.#tpm === undefined;
    try {
      return await this.#once(work);
    } catch (error) {
      if (fresh || !isGone(error)) throw error;
      return this.#once(work);
    }
  }

  /** TPM2_Shutdown, so that the TPM counts an orderly reset, then the connection. A TPM that is gone needs neither. */
  async close(): Promise<void> {
    const tpm = await this.#tpm?.catch(() => undefined);
    this.#tpm = undefined;
    await tpm?.shutdown().catch(() => undefined);
    await tpm?.close();
  }

  async #once<T>(work: (tpm: Tpm) => Promise<T>): Promise<T> {
    const opening = (this.#tpm ??= openTpm({ tcti: this.#tcti, timeoutMs: TPM_ANSWERS_WITHIN_MS }));
    try {
      return await work(await opening);
    } catch (error) {
      if (isGone(error)) await this.#drop(opening);
      throw error;
    }
  }

  async #drop(opening: Promise<Tpm>): Promise<void> {
    if (this.#tpm === opening) this.#tpm = undefined;
    const tpm = await opening.catch(() => undefined);
    await tpm?.close();
  }
}

const isGone = (error: unknown): boolean => error instanceof TpmError && GONE.includes(error.code);
