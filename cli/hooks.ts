import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { hooksDigest, parseHooks } from '../domain/hook/hooks.ts';
import type { HookSet } from '../domain/hook/hooks.ts';
import { UsageError } from './errors.ts';
import { sharedSha256 } from './sha256.ts';

/** The set of hooks in a file, YAML or JSON, with its digest. Errors: UsageError, naming what is wrong where. */
export async function readHooks(file: string, command: string): Promise<{ set: HookSet; digest: string }> {
  let raw: unknown;
  try {
    raw = parse(await readFile(file, 'utf8'), { maxAliasCount: 0, uniqueKeys: true, strict: true });
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message.split('\n')[0]}`, command);
  }
  const parsed = parseHooks(raw);
  if (parsed.ok) return { set: parsed.set, digest: hooksDigest(parsed.set, sharedSha256) };
  const problems = parsed.fields.map(({ path, code }) => `${code} at ${path || 'the set'}`).join(', ');
  throw new UsageError(`${file} is no set of hooks: ${problems}`, command);
}
