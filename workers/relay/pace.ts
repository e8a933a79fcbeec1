/** Above this many new incidents a second intake has work, and the engine's share of the machine is kept small. */
export const INTAKE_BUSY_PER_SECOND = 50;
/** What still moves then, for the processes that are not critical. */
export const ROWS_PER_SECOND = 20;

const SECOND_MS = 1_000;

/**
 * How many ordinary rows the relay may move now. The load of intake is read off the incident numbers: what the sequence
 * grew by in the last second.
 */
export class Pace {
  readonly #numbered: () => Promise<number>;
  readonly #now: () => number;
  #last: { at: number; n: number } | undefined;
  #busy = false;
  #allowance = ROWS_PER_SECOND;
  #accruedAt: number;

  constructor(numbered: () => Promise<number>, now: () => number = () => performance.now()) {
    this.#numbered = numbered;
    this.#now = now;
    this.#accruedAt = now();
  }

  /** Rows that may be moved now; `Infinity` while intake is idle. */
  async allowance(): Promise<number> {
    const now = this.#now();
    const gained = ((now - this.#accruedAt) / SECOND_MS) * ROWS_PER_SECOND;
    this.#allowance = Math.min(ROWS_PER_SECOND, this.#allowance + gained);
    this.#accruedAt = now;
    await this.#measure(now);
    return this.#busy ? Math.floor(this.#allowance) : Infinity;
  }

  moved(rows: number): void {
    this.#allowance = Math.max(0, this.#allowance - rows);
  }

  async #measure(now: number): Promise<void> {
    if (this.#last !== undefined && now - this.#last.at < SECOND_MS) return;
    const n = await this.#numbered();
    const last = this.#last;
    this.#last = { at: now, n };
    if (last === undefined) return;
    this.#busy = ((n - last.n) * SECOND_MS) / (now - last.at) > INTAKE_BUSY_PER_SECOND;
  }
}
