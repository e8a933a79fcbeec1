import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MOST_PROVENANCE_KEYS, provenanceKeySchema } from '../domain/export/provenance-key.ts';
import type { ProvenanceKey } from '../domain/export/provenance-key.ts';

/** Where the public half of every provenance key is kept for ever; whoever only verifies opens nothing else. */
export const provenanceArchive = (stateRoot: string): string => join(stateRoot, 'keys', 'provenance');

/** The file of one of them; the id is `sha256:` and hex digits. */
export const archivedKeyFile = (stateRoot: string, key_id: string): string =>
  join(provenanceArchive(stateRoot), `${key_id.replace('sha256:', '')}.json`);

const FILE = /^[0-9a-f]{32}\.json$/;

/**
 * Every provenance key that this instance has or had, oldest first; none before the control process has made one. Throws where
 * a file holds something else: what verifies is not to shrink without a word.
 */
export function readProvenanceKeys(stateRoot: string): ProvenanceKey[] {
  const folder = provenanceArchive(stateRoot);
  const names = listed(folder).filter((name) => FILE.test(name));
  if (names.length > MOST_PROVENANCE_KEYS) throw new Error(`${folder} has more keys than an instance ever had`);
  return names
    .map((name) => provenanceKeySchema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8'))))
    .sort((a, b) => (a.since === b.since ? (a.key_id < b.key_id ? -1 : 1) : a.since < b.since ? -1 : 1));
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
