import { createSecretKey, randomBytes } from 'node:crypto';
import { rows } from '../../db/client.ts';
import type { Database } from '../../db/client.ts';
import { setSecret } from '../../db/command/set-secret.ts';
import type { SecretSet, SecretsDeps, SecretToSet } from '../../db/command/set-secret.ts';
import type { NamedKey } from '../../db/secrets/envelope.ts';
import { keyId } from '../../domain/secret/key-id.ts';
import { OPERATOR } from './record.ts';

export function freshMasterKey(): NamedKey {
  const bytes = randomBytes(32);
  return { key_id: keyId('master', bytes), key: createSecretKey(bytes) };
}

export const set = (
  deps: SecretsDeps,
  slot: string,
  value: string,
  more: Partial<SecretToSet & { workspace_id: string }> = {},
): Promise<SecretSet> => {
  const { workspace_id = OPERATOR.workspace_id, ...asked } = more;
  return setSecret(
    deps,
    { ...OPERATOR, workspace_id },
    { slot, value: Buffer.from(value), decision_id: crypto.randomUUID(), ...asked },
  );
};

/** Every row of every table as Postgres writes it. */
export async function databaseText(db: Database): Promise<string> {
  const tables = await rows<{ name: string }>(
    db,
    `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
      WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'`,
  );
  const texts: string[] = [];
  for (const { name } of tables)
    for (const { line } of await rows<{ line: string }>(db, `SELECT t::text AS line FROM ${name} AS t`))
      texts.push(line);
  return texts.join('\n');
}
