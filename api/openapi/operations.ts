import { readdir } from 'node:fs/promises';
import type { Operation } from './operation.ts';

const FOLDER = new URL('./operations/', import.meta.url);

/** The operations of every file of the folder, by path. */
export async function loadOperations(): Promise<Operation[]> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.ts')).sort();
  const modules = await Promise.all(
    files.map((name) => import(new URL(name, FOLDER).href) as Promise<{ operations: Operation[] }>),
  );
  return modules.flatMap((module) => module.operations).sort((a, b) => (a.path < b.path ? -1 : 1));
}
