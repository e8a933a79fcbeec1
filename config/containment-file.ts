import { parseContainmentPolicy, PolicyError } from '../domain/containment/policy.ts';
import type { ContainmentPolicy } from '../domain/containment/policy.ts';
import type { FieldProblem } from '../domain/problem/field-problem.ts';
import { ReviewedFileError, readReviewedYaml } from './reviewed-yaml.ts';

/**
 * A containment file that is no policy. `code` is `unreadable` (no such file, no permission, too long, not UTF-8),
 * `malformed_yaml` or `policy_invalid`; `fields` then says where and what, with the codes of PolicyError.
 */
export class ContainmentFileError extends Error {
  override readonly name = 'ContainmentFileError';
  readonly code: 'unreadable' | 'malformed_yaml' | 'policy_invalid';
  readonly file: string;
  readonly fields: FieldProblem[];

  constructor(code: ContainmentFileError['code'], file: string, sentence: string, fields: FieldProblem[] = []) {
    super(`${file}: ${sentence}`);
    this.code = code;
    this.file = file;
    this.fields = fields;
  }
}

/** The policy in the YAML file at `path`. Errors: ContainmentFileError. */
export function loadContainmentFile(path: string): ContainmentPolicy {
  const data = readYamlFile(path);
  try {
    return parseContainmentPolicy(data);
  } catch (error) {
    if (error instanceof PolicyError)
      throw new ContainmentFileError('policy_invalid', path, error.message, error.fields);
    throw error;
  }
}

function readYamlFile(path: string): unknown {
  try {
    return readReviewedYaml(path);
  } catch (error) {
    if (error instanceof ReviewedFileError) throw new ContainmentFileError(error.code, path, error.said);
    throw error;
  }
}
