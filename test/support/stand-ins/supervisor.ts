import { startStack, type StackOptions } from '../../../script/supervisor/stack.ts';

// Runs a stack in a process of its own, so that a test can kill the supervisor.
const stack = await startStack(JSON.parse(process.argv[2] ?? '{}') as StackOptions);
process.stdout.write(`${JSON.stringify(stack.pids)}\n`);
