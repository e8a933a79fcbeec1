import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Passwords of the cluster's superuser and of the role Interlock connects as. */
export type PostgresSecrets = { superuser: string; interlock: string };

/** Reads them from `<state root>/postgres-secrets.json` (0600), where the first start puts them. */
export function postgresSecrets(stateRoot: string): PostgresSecrets {
  const file = join(stateRoot, 'postgres-secrets.json');
  if (!existsSync(file)) {
    const secrets: PostgresSecrets = { superuser: randomPassword(), interlock: randomPassword() };
    writeFileSync(`${file}.new`, JSON.stringify(secrets), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return JSON.parse(readFileSync(file, 'utf8')) as PostgresSecrets;
}

function randomPassword(): string {
  return randomBytes(24).toString('base64url');
}
