/**
 * What `work` gives, or a TimeoutError after `ms`; `work` is told by the signal, and what it says later is not heard. Its timer
 * keeps nothing alive.
 */
export function within<T>(ms: number, work: (late: AbortSignal) => Promise<T>): Promise<T> {
  const late = AbortSignal.timeout(ms);
  return new Promise<T>((resolve, reject) => {
    late.addEventListener('abort', () => reject(late.reason as Error), { once: true });
    work(late).then(resolve, reject);
  });
}
