import { workerData } from 'node:worker_threads';
import { pino } from 'pino';
import { openDatabase } from '../db/client.ts';
import { runSequencer } from '../workers/sequencer/sequencer.ts';

/** A sequencer on a thread of its own, as the control process runs it; ends with its thread. */
const { databaseUrl, stateRoot } = workerData as { databaseUrl: string; stateRoot: string };
const db = openDatabase({ url: databaseUrl, name: 'bench-sequencer', max: 4 });
const deps = { db, databaseUrl, stateRoot, log: pino({ level: 'warn' }) };
await runSequencer(deps, new AbortController().signal);
