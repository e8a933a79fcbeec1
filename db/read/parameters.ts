/** What every list of the record accepts at most, and what it answers when the caller names no limit. */
export const LIST_LIMIT = 1000;

/** Positional parameters of a statement that is put together from parts. */
export class Parameters {
  readonly values: unknown[] = [];

  /** Adds a value and returns its placeholder, with a cast where the server cannot infer the type. */
  add(value: unknown, type?: string): string {
    this.values.push(value);
    return `$${this.values.length}${type === undefined ? '' : `::${type}`}`;
  }
}
