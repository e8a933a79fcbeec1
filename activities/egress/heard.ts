import { BODY_READ } from '../../domain/runtime/capture-content.ts';

/** A body as it went over the wire. */
export interface HeardBody {
  /** Null where it was too long to be held on to, or may not be looked at. */
  text: string | null;
  bytes: number;
  withheld?: boolean;
}

/** A request and what came of it. Without headers: the credential is one of them. */
export interface Heard {
  method: string;
  /** Without its query. */
  url: string;
  /** Null where there was no answer. */
  status: number | null;
  failure: string | null;
  request: HeardBody;
  response: HeardBody;
}

export const SILENCE: HeardBody = { text: null, bytes: 0 };

export const heardText = (text: string): HeardBody => ({
  text: text.length > BODY_READ ? null : text,
  bytes: Buffer.byteLength(text),
});

/** Adds up a body while it flows; one that grows too long is counted, and no longer held on to. */
export class Listener {
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  add(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength;
    if (this.#bytes > BODY_READ) this.#chunks.length = 0;
    else this.#chunks.push(chunk.slice());
  }

  body(): HeardBody {
    const whole = this.#bytes <= BODY_READ;
    return { text: whole ? Buffer.concat(this.#chunks).toString('utf8') : null, bytes: this.#bytes };
  }
}
