// Signals have their thresholds from a reviewed file: strict, whole, and each of them somewhere between a minute and a day.
import { z } from 'zod';

/** Limiters whose refusals are a signal. */
export const LIMITS = ['auth_limits', 'cors_limits', 'secret_limits'] as const;
export type Limit = (typeof LIMITS)[number];

export const SIGNALS = [...LIMITS, 'provider_readiness'] as const;
export type Signal = (typeof SIGNALS)[number];

export type SignalLevel = 'ok' | 'warn' | 'page';

export interface SignalState {
  level: SignalLevel;
  /** Since when it is at this level, RFC 3339; null while it is `ok`. */
  since: string | null;
}

const minutes = z
  .int()
  .min(1)
  .max(12 * 60);

const limit = z.strictObject({
  warn: z.strictObject({ refusals: z.int().min(1).max(1_000_000), within_minutes: minutes }),
  page: z.strictObject({ sustained_minutes: minutes }),
});

const file = z.strictObject({
  version: z.literal(1),
  signals: z.strictObject({
    auth_limits: limit,
    cors_limits: limit,
    secret_limits: limit,
    provider_readiness: z.strictObject({
      warn: z.strictObject({ unasked_minutes: minutes }),
      page: z.strictObject({ failing_minutes: minutes }),
    }),
  }),
});

export type LimitThresholds = z.infer<typeof limit>;
export type Thresholds = z.infer<typeof file>['signals'];

/** The thresholds that plain data describes, or where it does not. */
export function parseThresholds(raw: unknown): { ok: true; thresholds: Thresholds } | { ok: false; paths: string[] } {
  const parsed = file.safeParse(raw);
  if (parsed.success) return { ok: true, thresholds: parsed.data.signals };
  return { ok: false, paths: parsed.error.issues.map((issue) => issue.path.join('.') || 'the file') };
}
