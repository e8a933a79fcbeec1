import { readdir } from 'node:fs/promises';
import { findingsOf } from '../../domain/doctor/finding.ts';
import type { Finding } from '../../domain/doctor/finding.ts';
import type { Client } from '../client.ts';
import type { ClientCheck, ClientCheckOptions } from './check.ts';

const FOLDER = new URL('./checks/', import.meta.url);
const WITHIN_MS = 20_000;

/** Runs every check of the folder from where the client stands; a new file is a new check. */
export async function runClientChecks(client: Client, options: ClientCheckOptions): Promise<Finding[]> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.ts')).sort();
  const modules = await Promise.all(
    files.map((name) => import(new URL(name, FOLDER).href) as Promise<{ check: ClientCheck }>),
  );
  const late = Promise.withResolvers<'timeout'>();
  const timer = setTimeout(() => late.resolve('timeout'), WITHIN_MS);
  try {
    const found = await Promise.all(modules.map(({ check }) => findingsOf(check, late.promise, client, options)));
    return found.flat();
  } finally {
    clearTimeout(timer);
  }
}
