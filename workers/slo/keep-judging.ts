import type { Database } from '../../db/client.ts';
import { judgeSignals } from '../../db/command/judge-signals.ts';
import type { Thresholds } from '../../domain/slo/thresholds.ts';
import { keepRounds } from '../keep-rounds.ts';
import type { Logger } from '../log.ts';

const EVERY_MS = 10_000;

/** Judges the signals of the instance until `signal` aborts. */
export async function keepJudging(
  { db, thresholds, log }: { db: Database; thresholds: Thresholds; log: Logger },
  signal: AbortSignal,
): Promise<void> {
  await keepRounds({ everyMs: EVERY_MS, log, failed: 'slo.unjudged' }, () => judgeSignals(db, thresholds), signal);
}
