import { exitWithParent } from '../../../config/parent-watch.ts';

// Stands in for a worker: says that it is ready, and lives until told otherwise.
exitWithParent();
setInterval(() => undefined, 60_000);
process.on('SIGTERM', () => process.exit(0));
process.stdout.write(`${JSON.stringify({ event: 'stand_in.ready' })}\n`);
