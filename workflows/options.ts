import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';

/** One transaction on the record. A few seconds, so that a decision during an outage fails instead of holding up the next. */
export const RECORD: LocalActivityOptions = {
  startToCloseTimeout: '3s',
  scheduleToCloseTimeout: '5s',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '1s', maximumAttempts: 6 },
};

/** A call to the engine itself; it comes back, and until then there is nothing better to do than to ask again. */
export const ENGINE: ActivityOptions = {
  startToCloseTimeout: '10s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '30s' },
};

/** A quote by a worker on the protected host: it polls within 5 s or it is not there. */
export const ATTESTER: ActivityOptions = {
  scheduleToStartTimeout: '5s',
  startToCloseTimeout: '15s',
  retry: { initialInterval: '200ms', maximumAttempts: 2 },
};

/** Files are read whole: longer than a quote, but the host has to be there as for one. */
export const OBSERVE: ActivityOptions = { ...ATTESTER, startToCloseTimeout: '45s' };

/** A host that is just starting, and a TPM that makes its keys: half a minute each on hardware. */
export const HOST_KEYS: ActivityOptions = {
  scheduleToCloseTimeout: '2m',
  startToCloseTimeout: '45s',
  retry: { initialInterval: '500ms', maximumAttempts: 3 },
};

/** A request to the outside: 5 s for the answer, and a transaction before and after. What did not come back is looked at again. */
export const EGRESS: ActivityOptions = {
  taskQueue: 'egress',
  startToCloseTimeout: '15s',
  retry: { maximumAttempts: 1 },
};

/** A step of a rotation: some requests to the outside and the record; one that does its work in parts comes back sooner. */
export const ROTATION: ActivityOptions = {
  taskQueue: 'egress',
  startToCloseTimeout: '60s',
  retry: { maximumAttempts: 1 },
};

/** A step of an export: an archive may take hours to send, and a worker that was killed is missed within seconds. */
export const EXPORT: ActivityOptions = {
  taskQueue: 'egress',
  startToCloseTimeout: '24h',
  heartbeatTimeout: '10s',
  retry: { maximumAttempts: 1 },
};

/** How long a process waits before it asks again for a record that could not be read. */
export const REREAD_AFTER_MS = 5_000;

/** A resolved incident is poked when its adapters have restored; there may be many that wait for the same one. */
export const RECLOSE_AFTER_MS = 15 * 60_000;

/** A watch that looks every 30 s starts a new run about every two hours. */
export const ROUNDS_PER_RUN = 200;

/** The engine takes 2,000 updates per run and refuses the next. */
export const UPDATES_PER_RUN = 1_000;

/** The least time between two readings that nobody asked for: the engine's clock and the database's may differ. */
export const REREAD_AT_LEAST_MS = 1_000;
