import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { clearPostmaster, initialise, postgresBinaries } from './postgres-cluster.ts';
import { databaseAnswers } from './postgres-database.ts';
import { postgresSecrets } from './postgres-secrets.ts';
import { postgresUser } from './postgres-user.ts';
import type { ProcessSpec } from './supervised-process.ts';

type Options = { stateRoot: string; port: number; report: (line: string) => void };

/** The embedded Postgres 18 on loopback with scram passwords, data in `<state root>/postgres`. */
export function postgresServer({ stateRoot, port, report }: Options): ProcessSpec {
  const cluster = join(realpathSync(stateRoot), 'postgres');
  return {
    name: 'postgres',
    prepare: async () => {
      if (existsSync(cluster)) return clearPostmaster(cluster);
      report('making the database (first start)…');
      const { initdb } = await postgresBinaries();
      await initialise(cluster, initdb, postgresSecrets(stateRoot).superuser, postgresUser(cluster, [cluster, initdb]));
    },
    command: async () => {
      const { postgres } = await postgresBinaries();
      const settings = {
        port: String(port),
        listen_addresses: '127.0.0.1',
        unix_socket_directories: '',
        max_connections: '200',
        shared_buffers: '256MB',
        timezone: 'UTC',
        log_timezone: 'UTC',
      };
      return {
        file: postgres,
        args: ['-D', cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
        privileges: postgresUser(cluster, [cluster, postgres])?.privileges ?? [],
        // Fast shutdown: SIGTERM would wait until every client has gone.
        stopSignal: 'SIGINT',
      };
    },
    isReady: () => databaseAnswers(port, postgresSecrets(stateRoot)),
  };
}

export function postgresUrl(stateRoot: string, port: number): string {
  return `postgres://interlock:${postgresSecrets(stateRoot).interlock}@127.0.0.1:${port}/interlock`;
}
