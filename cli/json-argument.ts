import { readFile } from 'node:fs/promises';
import { parseStrictJson } from '../domain/json/strict-json.ts';
import { UsageError } from './errors.ts';

/** JSON given as it is, or as `@FILE`. Errors: UsageError, naming `what` it should have been. */
export async function jsonArgument(given: string, what: string, command: string): Promise<unknown> {
  const text = given.startsWith('@') ? await readText(given.slice(1), what, command) : given;
  try {
    return parseStrictJson(text);
  } catch (error) {
    throw new UsageError(`the ${what} is not JSON: ${(error as Error).message}`, command);
  }
}

const readText = (file: string, what: string, command: string): Promise<string> =>
  readFile(file, 'utf8').catch((error: unknown) => {
    const code = String((error as { code?: unknown }).code);
    throw new UsageError(`the ${what} file ${file} cannot be read (${code})`, command);
  });
