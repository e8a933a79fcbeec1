import type { Limit } from '../../domain/slo/thresholds.ts';
import type { AuthEvent, AuthTrail } from './trail.ts';

export interface CountedTrail {
  /** The same trail, which hears of every refusal, also of those that have no line of their own. */
  trail: AuthTrail;
  close: () => Promise<void>;
}

export interface CountedOptions {
  /** Takes what was refused since; when it fails, the counts wait for the next time. */
  count: (counts: ReadonlyMap<Limit, number>) => Promise<void>;
  onTrouble?: (error: unknown) => void;
  everyMs?: number;
}

const EVERY_MS = 2_000;

/** Counts what limiters refuse and hands it over every so often: a flood is one statement, whatever its size. */
export function countedTrail(
  trail: AuthTrail,
  { count, onTrouble = () => undefined, everyMs = EVERY_MS }: CountedOptions,
): CountedTrail {
  let counts = new Map<Limit, number>();
  let handing: Promise<void> | undefined;

  async function hand(): Promise<void> {
    if (counts.size === 0) return;
    const handed = counts;
    counts = new Map();
    try {
      await count(handed);
    } catch (error) {
      for (const [limit, n] of handed) counts.set(limit, (counts.get(limit) ?? 0) + n);
      onTrouble(error);
    }
  }

  const round = () =>
    (handing ??= hand().finally(() => {
      handing = undefined;
    }));
  const timer = setInterval(() => void round(), everyMs).unref();

  return {
    trail: {
      write: (event) => {
        const limit = limitOf(event);
        if (limit !== undefined) counts.set(limit, (counts.get(limit) ?? 0) + 1);
        trail.write(event);
      },
      close: () => trail.close(),
    },
    close: async () => {
      clearInterval(timer);
      await handing;
      await hand();
    },
  };
}

function limitOf({ code, detail }: AuthEvent): Limit | undefined {
  if (code === 'cors_origin_rate_limited') return 'cors_limits';
  if (code !== 'auth_rate_limited') return undefined;
  return detail?.['presented'] === 'lease' || detail?.['presented'] === 'signature' ? 'secret_limits' : 'auth_limits';
}
