import { ill, well } from '../../../domain/doctor/finding.ts';
import type { ClientCheck } from '../check.ts';

/** RFC 9110 §6.6.1 gives seconds; tokens are refused from some minutes on, times in a report mislead sooner. */
const MOST_MS = 5_000;

/** This machine's clock beside the server's. */
export const check: ClientCheck = {
  name: 'client:clock',
  component: false,
  run: async (client) => {
    const before = Date.now();
    const reply = await client.stream('/healthz', AbortSignal.timeout(10_000));
    const after = Date.now();
    await reply.body?.cancel();
    const theirs = Date.parse(reply.headers.get('date') ?? '');
    if (Number.isNaN(theirs)) return ill('clock_unknown', 'the answer has no date');
    const skew = theirs + 1_000 < before ? before - theirs - 1_000 : Math.max(0, theirs - after);
    const said = `the clocks of client and server are ${skew} ms apart`;
    return skew <= MOST_MS ? well(said) : ill('clock_skew', said);
  },
};
