import type { Signal, SignalLevel } from '../../domain/slo/thresholds.ts';
import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { INSTANCE } from '../command/caller.ts';

/** The signals of the instance as they were last judged, by name; none before the first round. */
export const sloSignals = (
  db: Queryable,
): Promise<{ signal: Signal; level: SignalLevel; since: string | null; judged_at: string }[]> =>
  rows(
    db,
    'SELECT signal, level, since, judged_at FROM slo_signals WHERE workspace_id = $1 ORDER BY signal LIMIT 100',
    [INSTANCE],
  );
