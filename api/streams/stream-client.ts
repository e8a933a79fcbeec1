import type { ServerResponse } from 'node:http';
import type { LogPosition } from '../../domain/ledger/position.ts';
import type { EventFilter, Listener } from './event-feed.ts';
import { gapFrame, HEARTBEAT } from './frames.ts';

export interface ClientOptions {
  res: ServerResponse;
  filter: EventFilter;
  /** Bytes that may wait in this process for a client to read them. */
  bufferBytes: number;
  /** Where the feed stands. */
  position: () => LogPosition;
}

/**
 * One stream. While it is live nobody waits for it: once more bytes wait than may, what comes is left out, and when they
 * are read the client is told what it missed and goes on with what is new.
 */
export class StreamClient implements Listener {
  readonly filter: EventFilter;
  readonly #options: ClientOptions;
  #live = false;
  /** From where on entries were left out. */
  #missing: LogPosition | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.filter = options.filter;
    options.res.on('drain', () => this.#closeGap());
  }

  get live(): boolean {
    return this.#live;
  }

  get over(): boolean {
    const { res } = this.#options;
    return res.writableEnded || res.destroyed;
  }

  goLive(): void {
    this.#live = true;
  }

  deliver(frames: Buffer, first: LogPosition): void {
    const { res, bufferBytes } = this.#options;
    if (this.#missing !== undefined || this.over) return;
    if (res.writableLength > bufferBytes) this.#missing = first;
    else res.write(frames);
  }

  /** Writes at the client's own pace: resolves when it has read what waited, or is gone. */
  async send(bytes: Buffer | string): Promise<void> {
    const { res } = this.#options;
    if (this.over || res.write(bytes)) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        res.off('drain', done).off('close', done);
        resolve();
      };
      res.on('drain', done).on('close', done);
    });
  }

  heartbeat(): void {
    const { res } = this.#options;
    if (!this.over && !res.writableNeedDrain) res.write(HEARTBEAT);
  }

  end(): void {
    if (!this.over) this.#options.res.end();
  }

  #closeGap(): void {
    if (this.#missing === undefined || this.over) return;
    const { epoch, index } = this.#options.position();
    // What is missing of an epoch that is over is not listed any more: the client comes back and is sent it.
    if (this.#missing.epoch !== epoch) return this.end();
    this.#options.res.write(gapFrame(this.#missing, index));
    this.#missing = undefined;
  }
}
