import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ProcessLog } from './process-log.ts';
import { withoutSecrets } from './launch.ts';
import { repository } from './settings.ts';
import { SupervisorError } from './supervisor-error.ts';

/** Brings the database to the schema of this checkout. @throws SupervisorError `setup_failed`, naming the log */
export async function migrate(environment: NodeJS.ProcessEnv, log: ProcessLog, over: AbortSignal): Promise<void> {
  over.throwIfAborted();
  const child = log.lend((descriptor) =>
    spawn(process.execPath, [join(repository, 'db/migrate.ts')], {
      cwd: repository,
      env: withoutSecrets(environment),
      stdio: ['ignore', descriptor, descriptor],
    }),
  );
  const abort = () => void child.kill('SIGTERM');
  over.addEventListener('abort', abort);
  const [code] = (await once(child, 'exit')) as [number | null];
  over.removeEventListener('abort', abort);
  if (code !== 0 && !over.aborted)
    throw new SupervisorError('setup_failed', `the database could not be migrated, see ${log.path}`);
}
