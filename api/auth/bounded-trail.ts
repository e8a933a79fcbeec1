import { isProblemCode } from '../../domain/problem/codes.ts';
import { networkOf } from '../../domain/egress/network.ts';
import { createBuckets } from './buckets.ts';
import type { AuthEvent, AuthTrail } from './trail.ts';

/** The same refusal of one source: ten lines, then one a minute. What is sustained stays visible, and no flood fills a disk. */
const SAME = { burst: 10, everyMs: 60_000, most: 10_000 } as const;
/** Of strangers, from however many sources: this many lines at once, then one a second. */
const STRANGERS = { burst: 300, everyMs: 1_000, most: 1 } as const;

/**
 * A trail that nobody fills with refusals; whatever else is done has its own line. A line says in `folded` how many of the
 * same code and source, and of a known actor of the same detail, were not written since the one before.
 */
export function boundedTrail(trail: AuthTrail, now: () => number = () => performance.now()): AuthTrail {
  const same = createBuckets({ ...SAME, now });
  const strangers = createBuckets({ ...STRANGERS, now });
  const folded = new Map<string, number>();

  function fold(key: string): void {
    const n = (folded.get(key) ?? 0) + 1;
    folded.delete(key);
    folded.set(key, n);
    for (const oldest of folded.keys()) {
      if (folded.size <= SAME.most) break;
      folded.delete(oldest);
    }
  }

  return {
    write: (event) => {
      if (!isProblemCode(event.code)) return trail.write(event);
      const key = keyOf(event);
      if (!same.take(key) || (event.actor === undefined && !strangers.take('all'))) return fold(key);
      const n = folded.get(key);
      folded.delete(key);
      trail.write(n === undefined ? event : { ...event, detail: { ...event.detail, folded: n } });
    },
    close: () => trail.close(),
  };
}

/** A stranger writes the details themselves: a new one must be no new line. */
const keyOf = ({ code, source, actor, detail }: AuthEvent): string =>
  JSON.stringify(actor === undefined ? [code, networkOf(source)] : [code, networkOf(source), actor, detail]);
