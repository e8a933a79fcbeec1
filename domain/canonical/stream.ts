// A value too large to be held has the same one text: RFC 8785, written in pieces, members in order.
import { canonicalJson } from './json.ts';

/** A value, an array whose elements come in pages of canonical texts, or an object of such. */
export type Streamed =
  | { kind: 'value'; value: unknown }
  | { kind: 'array'; pages: AsyncIterable<readonly string[]> }
  | { kind: 'object'; members: Readonly<Record<string, Streamed>> };

export const streamedValue = (value: unknown): Streamed => ({ kind: 'value', value });
/** `pages` yields elements as their canonical texts. */
export const streamedArray = (pages: AsyncIterable<readonly string[]>): Streamed => ({ kind: 'array', pages });
export const streamedObject = (members: Readonly<Record<string, Streamed>>): Streamed => ({ kind: 'object', members });

/** The canonical text of `node` in pieces; pages are taken in the order in which they stand in it. Errors: CanonicalError. */
export async function* canonicalPieces(node: Streamed): AsyncGenerator<string> {
  if (node.kind === 'value') {
    yield canonicalJson(node.value);
  } else if (node.kind === 'array') {
    let opening = '[';
    for await (const page of node.pages) {
      if (page.length === 0) continue;
      yield opening + page.join(',');
      opening = ',';
    }
    yield opening === '[' ? '[]' : ']';
  } else {
    let opening = '{';
    // By UTF-16 code units, as `sort` compares.
    for (const key of Object.keys(node.members).sort()) {
      yield `${opening}${canonicalJson(key)}:`;
      yield* canonicalPieces(node.members[key] as Streamed);
      opening = ',';
    }
    yield opening === '{' ? '{}' : '}';
  }
}
