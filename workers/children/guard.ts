import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { endGroup } from './group.ts';

/**
 * Runs one command in a group of its own and outlives nobody: when the pipe to the control process ends, for whatever
 * reason, also its kill -9, every process of the group is ended. Input and output are the command's, untouched.
 */
const [command = '', ...args] = process.argv.slice(2);
const control = new Socket({ fd: 3 });
const child = spawn(command, args, { stdio: ['inherit', 'inherit', 'ignore'], detached: true });

let ending: Promise<void> | undefined;
const end = (): void => {
  ending ??= (child.pid === undefined ? Promise.resolve() : endGroup(child.pid)).finally(() => process.exit(0));
};

child.once('error', end);
child.once('exit', end);
child.once('spawn', () => control.write(`${JSON.stringify({ group: child.pid })}\n`));
control.on('error', end);
control.on('close', end);
control.resume();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, end);
