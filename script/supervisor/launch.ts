import { spawn, type ChildProcess } from 'node:child_process';

export type Command = {
  file: string;
  args: readonly string[];
  /** By default this process's own, without its secrets. */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Arguments of setpriv(1) before the command: the user to run as. */
  privileges?: readonly string[];
  /** With an IPC channel, through which a Node process notices that its supervisor is gone. */
  ipc?: boolean;
  stopSignal: 'SIGTERM' | 'SIGINT';
};

/** What opens secrets, and what reads and writes blobs. */
const SECRETS = ['INTERLOCK_MASTER_KEY', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];

/** The servers that keep envelopes, and whoever could read their environment, have no business with keys. */
export const withoutSecrets = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !SECRETS.includes(name)));

/**
 * Starts a command with its output in `descriptor`. It gets a session of its own, or Ctrl-C would reach all processes
 * at once and they could not be stopped in order; and the kernel sends it its stop signal when the supervisor dies.
 */
export function launch(command: Command, descriptor: number): ChildProcess {
  const setpriv = ['--pdeathsig', command.stopSignal.slice(3), ...(command.privileges ?? []), '--'];
  return spawn('setpriv', [...setpriv, command.file, ...command.args], {
    detached: true,
    stdio: ['ignore', descriptor, descriptor, ...(command.ipc === true ? (['ipc'] as const) : [])],
    env: command.env ?? withoutSecrets(process.env),
    ...(command.cwd !== undefined && { cwd: command.cwd }),
  });
}
