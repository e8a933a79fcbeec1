import { parseHooks } from '../domain/hook/hooks.ts';
import type { HookSet } from '../domain/hook/hooks.ts';
import type { FieldProblem } from '../domain/problem/field-problem.ts';
import { readReviewedYaml } from './reviewed-yaml.ts';

/** A hooks file that is none; `fields` say where and what. */
export class HooksFileError extends Error {
  override readonly name = 'HooksFileError';
  readonly code = 'hooks_invalid';
  readonly fields: FieldProblem[];

  constructor(path: string, fields: FieldProblem[]) {
    super(`${path}: ${fields.map((f) => `${f.code} at ${f.path || 'the set'}`).join(', ')}`);
    this.fields = fields;
  }
}

/** The hooks in the YAML file at `path`. Errors: HooksFileError, ReviewedFileError. */
export function loadHooksFile(path: string): HookSet {
  const parsed = parseHooks(readReviewedYaml(path));
  if (parsed.ok) return parsed.set;
  throw new HooksFileError(path, parsed.fields);
}
