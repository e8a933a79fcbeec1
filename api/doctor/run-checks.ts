import { readdir } from 'node:fs/promises';
import { findingsOf } from '../../domain/doctor/finding.ts';
import type { Finding } from '../../domain/doctor/finding.ts';
import type { ApiDeps } from '../deps.ts';
import type { Call } from '../route.ts';
import type { DoctorCheck } from './check.ts';

const FOLDER = new URL('./checks/', import.meta.url);
const WITHIN_MS = 20_000;

/** Every file of the folder is one check; a new file is a new check. In order of their names. */
export async function loadChecks(): Promise<DoctorCheck[]> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.ts')).sort();
  const modules = await Promise.all(
    files.map((name) => import(new URL(name, FOLDER).href) as Promise<{ check: DoctorCheck }>),
  );
  return modules.map((module) => module.check);
}

/** What the checks found, all of them or those of the components. */
export async function runChecks(deps: ApiDeps, call: Call, only: 'components' | undefined): Promise<Finding[]> {
  const wanted = (await loadChecks()).filter(({ component }) => only === undefined || component);
  const found = await Promise.all(wanted.map((check) => bounded(check, deps, call)));
  return found.flat();
}

async function bounded(check: DoctorCheck, deps: ApiDeps, call: Call): Promise<Finding[]> {
  const late = Promise.withResolvers<'timeout'>();
  const timer = setTimeout(() => late.resolve('timeout'), WITHIN_MS);
  try {
    return await findingsOf(check, late.promise, deps, call);
  } finally {
    clearTimeout(timer);
  }
}
