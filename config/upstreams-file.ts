import { UpstreamsError, parseUpstreams } from '../domain/upstream/definition.ts';
import type { Upstreams } from '../domain/upstream/definition.ts';
import type { FieldProblem } from '../domain/problem/field-problem.ts';
import { ReviewedFileError, readReviewedYaml } from './reviewed-yaml.ts';

/** A file that is no list of upstreams; `fields` says where and what, without the values. */
export class UpstreamsFileError extends Error {
  override readonly name = 'UpstreamsFileError';
  readonly code: 'unreadable' | 'malformed_yaml' | 'upstreams_invalid';
  readonly fields: FieldProblem[];

  constructor(code: UpstreamsFileError['code'], sentence: string, fields: FieldProblem[] = []) {
    super(sentence);
    this.code = code;
    this.fields = fields;
  }
}

/** The upstreams in the YAML or JSON file at `path`. Errors: UpstreamsFileError. */
export function loadUpstreamsFile(path: string): Upstreams {
  try {
    return parseUpstreams(readReviewedYaml(path));
  } catch (error) {
    if (error instanceof ReviewedFileError) throw new UpstreamsFileError(error.code, error.message);
    if (error instanceof UpstreamsError)
      throw new UpstreamsFileError('upstreams_invalid', `${path}: ${error.message}`, error.fields);
    throw error;
  }
}
