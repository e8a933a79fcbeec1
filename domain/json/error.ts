// Input that is not exactly one I-JSON value is refused with the place where it goes wrong.

export type JsonErrorCode = 'malformed_json' | 'repeated_key' | 'unrepresentable' | 'too_deep';

/**
 * The only error of this folder. `path` as `childPath` writes it, '' for the whole text; `offset` counts UTF-16 code
 * units from the start, 0 when the bytes are no text.
 */
export class StrictJsonError extends Error {
  override readonly name = 'StrictJsonError';
  readonly code: JsonErrorCode;
  readonly path: string;
  readonly offset: number;

  constructor(code: JsonErrorCode, path: string, offset: number) {
    super(`${code} at ${path === '' ? 'the value' : path}, offset ${offset}`);
    this.code = code;
    this.path = path;
    this.offset = offset;
  }
}
