import { readFile } from 'node:fs/promises';
import { createClient } from './client.ts';
import type { Client } from './client.ts';
import type { Values } from './arguments.ts';
import { UsageError } from './errors.ts';
import { DEFAULT_URL } from './global-flags.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** A client as the global flags and the environment ask for it. Errors: UsageError. */
export async function openClient(global: Values, env: Env): Promise<Client> {
  const file = global['token-file'] as string | undefined;
  return createClient({
    baseUrl: readBaseUrl((global['base-url'] as string | undefined) ?? env['INTERLOCK_URL'] ?? DEFAULT_URL),
    ...(file === undefined ? {} : { token: await readToken(file), currentToken: () => readToken(file) }),
    workspace: global['workspace'] as string | undefined,
  });
}

function readBaseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw new UsageError('the base URL is not an http or https URL');
  // A URL is printed by status and in errors; a password in it would be too.
  if (url.username !== '' || url.password !== '')
    throw new UsageError('the base URL carries credentials; they belong in --token-file');
  if (url.search !== '' || url.hash !== '') throw new UsageError('the base URL has a query or a fragment');
  return url.href.replace(/\/+$/, '');
}

const TOKEN = /^[A-Za-z0-9._~+/=-]{1,8192}$/;

async function readToken(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`the token file ${file} cannot be read (${String((error as { code?: unknown }).code)})`);
  });
  const token = text.trim();
  if (!TOKEN.test(token)) throw new UsageError(`the token file ${file} does not hold one bearer token`);
  return token;
}
