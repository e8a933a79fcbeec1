/** Lets loops sleep until something is to be done, or until a time is up. */
export class Wakeup {
  readonly #sleepers = new Set<() => void>();

  wake(): void {
    for (const wake of this.#sleepers) wake();
  }

  sleep(ms: number): Promise<void> {
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
