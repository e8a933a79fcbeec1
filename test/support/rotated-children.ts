import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Database } from '../../db/client.ts';
import { putAdapter } from '../../db/command/put-adapter.ts';
import { adapterStanding } from '../../db/read/adapters.ts';
import { freshKey } from './adapters.ts';
import { eventually } from './eventually.ts';
import { OPERATOR } from './record.ts';
import { removeTree } from './remove-tree.ts';

const STAND_IN = fileURLToPath(new URL('stand-ins/child-adapter.ts', import.meta.url));

export interface ChildNote {
  pid: number;
  started?: true;
  credential?: string | null;
}

/** Child adapters of the stand-in, in the workspace `default`; what each start was given is in their notes. */
export function childAdapters(db: Database) {
  const folder = mkdtempSync(join(tmpdir(), 'interlock-child-adapters-'));
  const notesOf = (name: string) => join(folder, name);
  return {
    put: async (name: string, slot: string | null, how: string[] = []): Promise<void> => {
      writeFileSync(notesOf(name), '', { flag: 'a' });
      const definition = {
        mode: 'child_process' as const,
        command: process.execPath,
        args: [STAND_IN, notesOf(name), ...how],
        credential_slots: slot === null ? [] : [{ slot, env: 'CREDENTIAL' }],
        actions: ['freeze_agent' as const],
        classes: [],
      };
      await putAdapter(db, OPERATOR, { name, definition, key: freshKey() });
    },
    /** The lease of the run that was heard of. */
    alive: (name: string): Promise<string> =>
      eventually(async () => {
        const found = await adapterStanding(db, OPERATOR.workspace_id, name);
        return found?.child_heartbeat_at != null && found.lease_id;
      }),
    starts: (name: string): ChildNote[] =>
      readFileSync(notesOf(name), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as ChildNote)
        .filter(({ started }) => started === true),
    close: () => removeTree(folder),
  };
}
