import { isProblemCode } from '../../domain/problem/codes.ts';
import { networkOf } from '../../domain/egress/network.ts';
import { createBuckets } from './buckets.ts';
import type { AuthEvent, AuthTrail } from './trail.ts';

/** The same refusal of one source is a line a minute: what is sustained stays visible, and a flood fills no disk. */
const WINDOW_MS = 60_000;
/** Of strangers, from however many sources: this many lines at once, then one a second. */
const STRANGERS = { burst: 300, everyMs: 1_000, most: 1 } as const;
const MOST_KEYS = 10_000;

/**
 * A trail that nobody fills with refusals; whatever else is done has its own line. Of the same code and source, and of a known actor the same detail, one line a
 * minute. The next line says in `folded` how many it stands for besides itself.
 */
export function boundedTrail(trail: AuthTrail, now: () => number = () => performance.now()): AuthTrail {
  const windows = new Map<string, { until: number; folded: number }>();
  const strangers = createBuckets({ ...STRANGERS, now });

  function open(key: string, folded: number): void {
    windows.delete(key);
    windows.set(key, { until: now() + WINDOW_MS, folded });
    for (const oldest of windows.keys()) {
      if (windows.size <= MOST_KEYS) break;
      windows.delete(oldest);
    }
  }

  return {
    write: (event) => {
      if (!isProblemCode(event.code)) return trail.write(event);
      const key = keyOf(event);
      const window = windows.get(key);
      const within = window !== undefined && now() < window.until;
      if (within || (event.actor === undefined && !strangers.take('all'))) {
        if (window === undefined) open(key, 1);
        else window.folded += 1;
        return;
      }
      open(key, 0);
      const folded = window?.folded ?? 0;
      trail.write(folded === 0 ? event : { ...event, detail: { ...event.detail, folded } });
    },
    close: () => trail.close(),
  };
}

/** A stranger writes the details themselves: a new one must be no new line. */
const keyOf = ({ code, source, actor, detail }: AuthEvent): string =>
  JSON.stringify(actor === undefined ? [code, networkOf(source)] : [code, networkOf(source), actor, detail]);
