import { statSync } from 'node:fs';
import { loadOidcClaimsFile } from '../../config/oidc-claims-file.ts';
import type { ClaimsRule } from '../../domain/identity/oidc-claims.ts';

/** How old the knowledge of the file may be; a rule that was taken out stops counting within a second. */
const FRESH_MS = 500;

/**
 * The rules of the claims table, read again when the file was replaced. The first reading throws; later a file that is
 * gone or is no table has no rules: who was taken out in the same edit must not get in on the old one. Errors:
 * OidcClaimsFileError.
 */
export function watchRules(path: string, onUnreadable: (error: unknown) => void): () => readonly ClaimsRule[] {
  let rules: readonly ClaimsRule[] = loadOidcClaimsFile(path);
  let seen = version(path);
  let freshUntil = 0;

  return () => {
    const now = performance.now();
    if (now < freshUntil) return rules;
    freshUntil = now + FRESH_MS;
    const found = version(path);
    if (found === seen) return rules;
    seen = found;
    try {
      rules = loadOidcClaimsFile(path);
    } catch (error) {
      rules = [];
      onUnreadable(error);
    }
    return rules;
  };
}

function version(path: string): string {
  const { ino, mtimeMs, size } = statSync(path, { throwIfNoEntry: false }) ?? {};
  return `${ino}/${mtimeMs}/${size}`;
}
