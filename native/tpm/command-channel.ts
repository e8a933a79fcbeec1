import type { NativeConnection } from './addon.ts';
import { fromAddon, TpmError } from './error.ts';

/**
 * One native connection with an end: after `close`, or once the TPM is out of reach, every call is refused at once. A
 * TPM that answers nothing for `timeoutMs` while calls wait counts as out of reach: the TCTIs have no timeout of their
 * own.
 */
export class CommandChannel {
  readonly #native: NativeConnection;
  readonly #timeoutMs: number;
  readonly #waiting = new Set<(error: TpmError) => void>();
  #settled = 0;
  #watch: NodeJS.Timeout | undefined;
  #lost: TpmError | null = null;
  #closing: Promise<void> | null = null;

  constructor(native: NativeConnection, timeoutMs: number) {
    this.#native = native;
    this.#timeoutMs = timeoutMs;
  }

  /** Queues one command. Commands run in the order of their calls. */
  call<T>(send: (native: NativeConnection) => Promise<T>): Promise<T> {
    if (this.#closing) return Promise.reject(new TpmError('closed', 'the TPM connection is closed'));
    return this.#send(send);
  }

  /** Ends the connection after the commands already called; never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#send((native) => native.close())
      .catch(() => undefined)
      .then(() => this.#native.stop());
    return this.#closing;
  }

  #send<T>(send: (native: NativeConnection) => Promise<T>): Promise<T> {
    if (this.#lost) return Promise.reject(again(this.#lost));
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.add(reject);
    this.#watch ??= setTimeout(() => this.#overdue(), this.#timeoutMs);
    send(this.#native).then(
      (value) => {
        this.#settle(reject);
        resolve(value);
      },
      (raw: unknown) => {
        this.#settle(reject);
        const error = fromAddon(raw);
        if (error.code === 'tpm_unavailable') this.#lose(error);
        reject(this.#lost ? again(this.#lost) : error);
      },
    );
    return promise;
  }

  #settle(reject: (error: TpmError) => void): void {
    this.#waiting.delete(reject);
    this.#settled += 1;
    this.#watch?.refresh();
    if (this.#waiting.size === 0) this.#stopWatch();
  }

  #stopWatch(): void {
    clearTimeout(this.#watch);
    this.#watch = undefined;
  }

  // Timers come before I/O: if this process itself was held up, answers may be waiting to be read.
  #overdue(): void {
    const settledBefore = this.#settled;
    setImmediate(() => {
      if (this.#waiting.size === 0) return;
      if (this.#settled !== settledBefore) return;
      this.#lose(new TpmError('tpm_unavailable', `the TPM did not answer for ${this.#timeoutMs} ms`));
    });
  }

  #lose(error: TpmError): void {
    if (this.#lost) return;
    this.#lost = error;
    this.#stopWatch();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const reject of waiting) reject(again(error));
    this.#native.stop();
  }
}

/** Each caller gets an error with a stack of its own. */
function again(error: TpmError): TpmError {
  const origin = error.rc !== null && error.layer !== null ? { rc: error.rc, layer: error.layer } : null;
  return new TpmError(error.code, error.message, origin);
}
