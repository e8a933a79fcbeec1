import { DomainError } from '../../domain/problem/problem.ts';
import type { ProblemCode } from '../../domain/problem/codes.ts';

/** A refusal that says when to come again. */
export class RateLimitedError extends DomainError {
  readonly retryAfterS: number;
  constructor(code: ProblemCode, retryAfterS: number) {
    super(code);
    this.retryAfterS = retryAfterS;
  }
}

export interface BucketOptions {
  /** So many at once. */
  burst: number;
  /** Then one in so many milliseconds. */
  everyMs: number;
  /** So many keys are remembered; then the one that was used longest ago is forgotten, which is as if it were new. */
  most: number;
  /** Milliseconds of a clock that only goes forward. */
  now?: () => number;
}

/** Ten failures, then one in six seconds; ten thousand sources take a few megabytes. */
export const PER_SOURCE = { burst: 10, everyMs: 6_000, most: 10_000 } as const;

export interface Buckets {
  /** Takes one; false when there is none. */
  take: (key: string) => boolean;
  /** Whether there is one to take. */
  has: (key: string) => boolean;
  /** Puts back what was taken for nothing. */
  giveBack: (key: string) => void;
  /** Whether something was taken that has not come back since. */
  isUsed: (key: string) => boolean;
  /** Seconds until there is one again, at least 1. */
  retryAfterS: (key: string) => number;
}

/** Token buckets by key, in bounded memory. */
export function createBuckets({ burst, everyMs, most, now = () => performance.now() }: BucketOptions): Buckets {
  const buckets = new Map<string, { left: number; at: number }>();

  function current(key: string): { left: number; at: number } {
    const at = now();
    const known = buckets.get(key);
    return known === undefined
      ? { left: burst, at }
      : { left: Math.min(burst, known.left + (at - known.at) / everyMs), at };
  }

  /** The order of a Map is that of insertion: the first key is the one that was used longest ago. */
  function keep(key: string, bucket: { left: number; at: number }): void {
    buckets.delete(key);
    if (bucket.left >= burst) return;
    buckets.set(key, bucket);
    for (const oldest of buckets.keys()) {
      if (buckets.size <= most) break;
      buckets.delete(oldest);
    }
  }

  return {
    take: (key) => {
      const bucket = current(key);
      const taken = bucket.left >= 1;
      keep(key, taken ? { ...bucket, left: bucket.left - 1 } : bucket);
      return taken;
    },
    has: (key) => current(key).left >= 1,
    giveBack: (key) => {
      const bucket = current(key);
      keep(key, { ...bucket, left: Math.min(burst, bucket.left + 1) });
    },
    isUsed: (key) => current(key).left < burst,
    retryAfterS: (key) => Math.max(1, Math.ceil(((1 - current(key).left) * everyMs) / 1000)),
  };
}
