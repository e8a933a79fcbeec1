import { randomInt } from 'node:crypto';
import { listenError } from '../../script/supervisor/ports.ts';
import type { Ports } from '../../script/supervisor/settings.ts';

/** The first of `count` neighbouring ports nobody listens on, below the range outgoing connections take theirs from. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = randomInt(10_000, 32_000 - count);
    const block = Array.from({ length: count }, (_unused, index) => listenError('127.0.0.1', first + index));
    if ((await Promise.all(block)).every((error) => error === undefined)) return first;
  }
}

/** Ports for a whole stack. */
export async function freeStackPorts(): Promise<Ports> {
  const api = await freePorts(8);
  return {
    api,
    attestation: api + 1,
    integrity: api + 2,
    postgres: api + 3,
    temporal: api + 4,
    temporalUi: api + 5,
    tpm: api + 6,
  };
}
