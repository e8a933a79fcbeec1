/** Does `work` for every item, so many at a time; the first failure ends it, once what had begun is over. */
export async function inLanes<T>(items: Iterable<T>, lanes: number, work: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failed = false;
  const lane = async (): Promise<void> => {
    for (let next = iterator.next(); !failed && next.done !== true; next = iterator.next()) {
      await work(next.value).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: lanes }, lane));
  const refused = ended.find((each) => each.status === 'rejected');
  if (refused !== undefined) throw refused.reason;
}

/** What `load` makes of every item, in order, with so many of them loading ahead. */
export async function* readAhead<T, R>(
  items: Iterable<T>,
  depth: number,
  load: (item: T) => Promise<R>,
): AsyncGenerator<[T, R]> {
  const waiting: [T, Promise<R>][] = [];
  for (const item of items) {
    const loading = load(item);
    // It is awaited when its turn comes; by then an earlier one may have failed.
    loading.catch(() => undefined);
    waiting.push([item, loading]);
    const first = waiting.length > depth ? waiting.shift() : undefined;
    if (first !== undefined) yield [first[0], await first[1]];
  }
  for (const [item, loading] of waiting) yield [item, await loading];
}
