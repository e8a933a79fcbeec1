/** Pages of rows, each behind the position of the last row before it, until one is not full. */
export async function* walk<T, P>(
  first: P,
  size: number,
  page: (after: P) => Promise<T[]>,
  positionOf: (last: T) => P,
): AsyncGenerator<T[]> {
  for (let after = first; ;) {
    const found = await page(after);
    const last = found.at(-1);
    if (last !== undefined) yield found;
    if (last === undefined || found.length < size) return;
    after = positionOf(last);
  }
}
