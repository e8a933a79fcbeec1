import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ChecklistError, parseChecklist } from '../domain/checklist/checklist.ts';
import type { Checklist } from '../domain/checklist/checklist.ts';

const FOLDER = new URL('./checklists/', import.meta.url);

/** Every file of the folder is a checklist, by its name. Errors: ChecklistError, naming the file. */
export function loadChecklists(): ReadonlyMap<string, Checklist> {
  const files = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.yaml'))
    .sort();
  return new Map(
    files.map((file) => {
      const checklist = read(file);
      if (`${checklist.name}.yaml` !== file) throw new ChecklistError(`${file}: is named ${checklist.name}`);
      return [checklist.name, checklist];
    }),
  );
}

function read(file: string): Checklist {
  try {
    return parseChecklist(parse(readFileSync(new URL(file, FOLDER), 'utf8'), { strict: true, uniqueKeys: true }));
  } catch (error) {
    throw new ChecklistError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
