import { readFile } from 'node:fs/promises';
import { UsageError } from './errors.ts';
import type { Column } from './output/table.ts';

/** What the API says of a slot, as far as the tables show it. */
export interface SlotAnswer {
  slot: string;
  kind: string;
  class: string;
  version: number;
  previous_version: number | null;
  staged_version: number | null;
  exposed_since: string | null;
  updated_at: string;
}

export interface VersionAnswer {
  version: number;
  created_at: string;
  exposed_since: string | null;
  rolled_back_to: number | null;
  destroyed_at: string | null;
  actor: string;
}

export interface WrittenAnswer {
  slot: string;
  version: number;
  leases_revoked: number;
}

export const SLOT_COLUMNS: Column<SlotAnswer>[] = [
  { head: 'SLOT', cell: (s) => s.slot },
  { head: 'KIND', cell: (s) => s.kind },
  { head: 'CLASS', cell: (s) => s.class },
  { head: 'VERSION', cell: (s) => s.version },
  { head: 'UPDATED', cell: (s) => s.updated_at },
  { head: 'EXPOSED', cell: (s) => s.exposed_since },
];

export const VERSION_COLUMNS: Column<VersionAnswer>[] = [
  { head: 'VERSION', cell: (v) => v.version },
  { head: 'CREATED', cell: (v) => v.created_at },
  { head: 'BY', cell: (v) => v.actor },
  { head: 'EXPOSED', cell: (v) => v.exposed_since },
  { head: 'BACK TO', cell: (v) => v.rolled_back_to },
  { head: 'DESTROYED', cell: (v) => v.destroyed_at },
];

export const writtenFacts = ({ slot, version, leases_revoked }: WrittenAnswer) =>
  [
    ['slot', slot],
    ['version', version],
    ['leases_revoked', leases_revoked],
  ] as const;

export const slotPath = (slot: string, action = ''): string => `/v1/secrets/${encodeURIComponent(slot)}${action}`;

interface Sources {
  'from-env': string | undefined;
  'from-file': string | undefined;
  value: string | undefined;
}

/**
 * The value of a secret from where nobody else sees it: an environment variable as it is, or a file without the line break at
 * its end. Errors: UsageError, which repeats no value.
 */
export async function secretValue(
  { 'from-env': name, 'from-file': file, value }: Sources,
  env: Readonly<Record<string, string | undefined>>,
  command: string,
): Promise<string> {
  if (value !== undefined)
    throw new UsageError(
      '--value is refused: arguments show in ps and in the shell history; use --from-env or --from-file',
      command,
    );
  if ((name === undefined) === (file === undefined))
    throw new UsageError('one of --from-env and --from-file is needed', command);
  if (name !== undefined) {
    const found = env[name];
    if (found === undefined || found === '') throw new UsageError(`the variable ${name} is not set`, command);
    return found;
  }
  const path = file ?? '';
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const code = String((error as { code?: unknown }).code);
    throw new UsageError(`the file ${path} cannot be read (${code})`, command);
  });
  return text.replace(/\r?\n$/, '');
}
