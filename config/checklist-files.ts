import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ChecklistError, parseChecklist } from '../domain/checklist/checklist.ts';
import type { Checklist } from '../domain/checklist/checklist.ts';
import { readReviewedYaml } from './reviewed-yaml.ts';

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
    return parseChecklist(readReviewedYaml(fileURLToPath(new URL(file, FOLDER))));
  } catch (error) {
    throw new ChecklistError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
