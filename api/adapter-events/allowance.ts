/** How many events per second an adapter may send for long, and how many at once. */
const PER_SECOND = 50;
const AT_ONCE = 100;

/** Whether one more is within the allowance of `key`. */
export type Allowance = (key: string) => boolean;

/**
 * A token bucket per key. Keys are those of registered adapters, so there are only so many. `now` is a monotonic clock in
 * milliseconds.
 */
export function createAllowance(now: () => number = () => performance.now()): Allowance {
  const buckets = new Map<string, { left: number; at: number }>();
  return (key) => {
    const at = now();
    const bucket = buckets.get(key) ?? { left: AT_ONCE, at };
    const left = Math.min(AT_ONCE, bucket.left + ((at - bucket.at) / 1000) * PER_SECOND);
    buckets.set(key, { left: left >= 1 ? left - 1 : left, at });
    return left >= 1;
  };
}
