/** Lets loops sleep until something is to be done, a time is up, or `signal` aborts. */
export class Wakeup {
  readonly #sleepers = new Set<() => void>();
  readonly #signal: AbortSignal;
  #woken = false;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.wake(), { once: true });
  }

  wake(): void {
    this.#woken = true;
    for (const wake of this.#sleepers) wake();
  }

  /** A wake that has time: what comes meanwhile is seen with it. */
  wakeIn(ms: number): void {
    setTimeout(() => this.wake(), ms).unref();
  }

  /** From here on a wake counts for `sleepUnlessWoken`, also while nobody sleeps. */
  arm(): void {
    this.#woken = false;
  }

  sleepUnlessWoken(ms: number): Promise<void> {
    return this.#woken ? Promise.resolve() : this.sleep(ms);
  }

  sleep(ms: number): Promise<void> {
    if (this.#signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#sleepers.add(wake);
    });
  }
}
