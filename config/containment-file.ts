import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { parseContainmentPolicy, PolicyError } from '../domain/containment/policy.ts';
import type { ContainmentPolicy } from '../domain/containment/policy.ts';
import type { FieldProblem } from '../domain/problem/field-problem.ts';

/** The shipped policy has 4 KiB; a file past this is not a policy. */
const LONGEST_FILE = 256 * 1024;

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

/** One document of plain data in a reviewed YAML file. Errors: ContainmentFileError `unreadable`, `malformed_yaml`. */
export const readYamlFile = (path: string): unknown => parseYaml(readText(path), path);

function readText(path: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new ContainmentFileError('unreadable', path, `cannot be read (${reason})`);
  }
  if (bytes.length > LONGEST_FILE)
    throw new ContainmentFileError('unreadable', path, `is longer than ${LONGEST_FILE} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ContainmentFileError('unreadable', path, 'is not UTF-8');
  }
}

/** One document of plain data: no tags, no aliases, no repeated keys. A warning of the parser is a refusal too. */
function parseYaml(text: string, path: string): unknown {
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    strict: true,
    uniqueKeys: true,
    resolveKnownTags: false,
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined)
    throw new ContainmentFileError('malformed_yaml', path, problem.message.split('\n')[0] ?? problem.code);
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    throw new ContainmentFileError('malformed_yaml', path, 'aliases are not taken');
  }
}
