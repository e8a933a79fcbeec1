import type { AdapterPort } from '../activities/adapters/create-adapter-activities.ts';
import type { Database } from '../db/client.ts';
import { recordAnswer, recordTrial } from '../db/command/acknowledge-adapter.ts';
import { beginSending, beginTrial, lookAfterAdapter } from '../db/command/adapter-requests.ts';

/** The record's commands about adapters, on one database. */
export const adapterPort = (db: Database): AdapterPort => ({
  look: (of, how) => lookAfterAdapter(db, of, how),
  begin: (of, what) => beginSending(db, of, what),
  answered: (answer) => recordAnswer(db, answer),
  beginTrial: (of, trial) => beginTrial(db, of, trial),
  tried: (of, trial, outcome) => recordTrial(db, of, trial, outcome),
});
