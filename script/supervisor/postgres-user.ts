import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { SupervisorError } from './supervisor-error.ts';

export type PostgresUser = { uid: number; gid: number; privileges: readonly string[] };

const account = 'postgres';
/** Bits of capabilities(7), least powerful first. Containers often have only the second. */
const capabilities = [
  ['dac_read_search', 2n],
  ['dac_override', 1n],
] as const;

/**
 * Postgres refuses to run as root: whom it runs as instead, or undefined for an ordinary user's supervisor. Data that
 * exists keeps its owner, else it is the account `postgres`, made when there is none.
 */
export function postgresUser(dataDirectory: string, paths: readonly string[]): PostgresUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = statSync(dataDirectory, { throwIfNoEntry: false });
  const { uid, gid } = owner !== undefined && owner.uid !== 0 ? owner : (findAccount() ?? createAccount());
  const privileges = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  const barrier = paths.map((path) => barrierOf(path, uid, gid)).find((directory) => directory !== undefined);
  return { uid, gid, privileges: barrier === undefined ? privileges : [...privileges, ...searchRight(barrier)] };
}

function findAccount(): { uid: number; gid: number } | undefined {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name === account) return { uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

function createAccount(): { uid: number; gid: number } {
  execFileSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', account]);
  const created = findAccount();
  if (!created) throw new SupervisorError('setup_failed', `postgres: the account ${account} could not be made`);
  return created;
}

/** The first directory above `path` that the user may not pass through, such as /root or a private temporary folder. */
function barrierOf(path: string, uid: number, gid: number): string | undefined {
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    const { mode, uid: owner, gid: group } = statSync(directory);
    const search = owner === uid ? 0o100 : group === gid ? 0o010 : 0o001;
    if ((mode & search) === 0) return directory;
    if (directory === dirname(directory)) return undefined;
  }
}

/**
 * Lets Postgres pass through directories that are closed to it and keeps every other power of root away.
 * `no_setuid_fixup` because access(2) otherwise forgets the capability.
 */
function searchRight(barrier: string): string[] {
  const effective = BigInt(`0x${/^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);
  const name = capabilities.find(([, bit]) => (effective >> bit) & 1n)?.[0];
  if (name === undefined) {
    const line = `postgres: user ${account} cannot reach its files through ${barrier} (chmod o+x ${barrier} lets it)`;
    throw new SupervisorError('setup_failed', line);
  }
  return [`--inh-caps=+${name}`, `--ambient-caps=+${name}`, '--securebits=+no_setuid_fixup'];
}
