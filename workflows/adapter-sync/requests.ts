import { isCancellation, setCurrentDetails, sleep } from '@temporalio/workflow';
import { failureCode } from '../failure-code.ts';
import { REREAD_AT_LEAST_MS } from '../options.ts';

/** Requests to one adapter at a time, each about something else. */
const IN_FLIGHT = 8;

/** The requests that are under way, by what they are about: of each there is one at most. */
export class Requests {
  readonly #inFlight = new Set<string>();
  readonly #ended: () => void;

  constructor(ended: () => void) {
    this.#ended = ended;
  }

  get size(): number {
    return this.#inFlight.size;
  }

  launch(about: string, request: () => Promise<void>): void {
    if (this.#inFlight.has(about) || this.#inFlight.size >= IN_FLIGHT) return;
    this.#inFlight.add(about);
    void this.#run(about, request);
  }

  /** What did not get to the record stays due, and is asked for again a little later. */
  async #run(about: string, request: () => Promise<void>): Promise<void> {
    try {
      await request();
    } catch (error) {
      if (isCancellation(error)) return;
      setCurrentDetails(`cannot record an answer: ${failureCode(error, 'database_unreachable')}`);
      await sleep(REREAD_AT_LEAST_MS).catch(() => undefined);
    }
    this.#inFlight.delete(about);
    this.#ended();
  }
}
