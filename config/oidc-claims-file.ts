import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { claimsTable } from '../domain/identity/oidc-claims.ts';
import type { ClaimsRule } from '../domain/identity/oidc-claims.ts';

const LONGEST_FILE = 256 * 1024;

/** A claims table that is none; the message names the file and the place, and repeats no value. */
export class OidcClaimsFileError extends Error {
  override readonly name = 'OidcClaimsFileError';
  readonly code = 'oidc_claims_malformed';

  constructor(path: string, sentence: string) {
    super(`${path}: ${sentence}`);
  }
}

/**
 * The claims table in the YAML file at `path`, which may as well be JSON: `[{match: {claim: value}, role, workspace}]`,
 * `role` one of viewer, reporter, operator, `workspace` by default `default`. Errors: OidcClaimsFileError.
 */
export function loadOidcClaimsFile(path: string): ClaimsRule[] {
  const parsed = claimsTable.safeParse(parseYaml(readText(path), path));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new OidcClaimsFileError(path, `${issue?.path.join('.') || 'the table'}: ${issue?.message ?? 'not valid'}`);
}

function readText(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new OidcClaimsFileError(path, `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
  if (bytes.length > LONGEST_FILE) throw new OidcClaimsFileError(path, `is longer than ${LONGEST_FILE} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new OidcClaimsFileError(path, 'is not UTF-8');
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
  if (problem !== undefined) throw new OidcClaimsFileError(path, problem.message.split('\n')[0] ?? problem.code);
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    throw new OidcClaimsFileError(path, 'aliases are not taken');
  }
}
