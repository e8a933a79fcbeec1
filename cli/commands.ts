import { readdir } from 'node:fs/promises';
import type { Command } from './command.ts';

const FOLDER = new URL('./commands/', import.meta.url);

/** Every file of the folder is one command; a new file is a new command. In order of their names. */
export async function loadCommands(): Promise<Command[]> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.ts'));
  const modules = await Promise.all(
    files.map((name) => import(new URL(name, FOLDER).href) as Promise<{ command: Command }>),
  );
  return modules.map((module) => module.command).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether `words` begin the name of some command. */
export const isPrefix = (commands: readonly Command[], words: readonly string[]): boolean =>
  commands.some(({ name }) => words.every((word, i) => name.split(' ')[i] === word));
