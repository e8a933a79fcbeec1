// A TPM's counters may only grow: one that falls back is another TPM, a cleared one, or a replayed quote.
import { claim } from './claim.ts';
import type { Claim } from './claim.ts';
import type { Counters } from './tpms-attest.ts';

/** `record` is what to keep as the node's last counters; null when they fell back and the kept ones stand. */
export interface CounterJudgement {
  claims: Claim[];
  reboot: boolean;
  record: Counters | null;
}

const atLeast = (name: 'reset_count' | 'restart_count', last: number, now: number): Claim =>
  claim(name, now >= last, `>= ${last}`, String(now));

function later(a: string, b: string): string {
  return BigInt(a) >= BigInt(b) ? a : b;
}

/**
 * Compares quoted counters with the last ones of the node (TPM 2.0 Library, Part 1, "Timing Components").
 * A grown resetCount is a reboot, no failure. TPM Reset sets restartCount to 0, so it is compared within one resetCount;
 * the clock is compared within one (resetCount, restartCount) and only while the TPM calls it safe.
 */
export function judgeCounters(last: Counters | null, quoted: Counters): CounterJudgement {
  if (last === null) {
    const claims: Claim[] = (['reset_count', 'restart_count', 'clock'] as const).map((c) => ({ claim: c, ok: true }));
    return { claims, reboot: false, record: quoted };
  }
  const sameReset = quoted.reset_count === last.reset_count;
  const samePair = sameReset && quoted.restart_count === last.restart_count;
  const clockHolds = !samePair || !quoted.safe || BigInt(quoted.clock) >= BigInt(last.clock);
  const claims = [
    atLeast('reset_count', last.reset_count, quoted.reset_count),
    atLeast('restart_count', sameReset ? last.restart_count : 0, quoted.restart_count),
    claim('clock', clockHolds, `>= ${last.clock}`, quoted.clock),
  ];
  // An unsafe clock may read low; the record keeps the highest of its pair so that it never gives ground.
  const clock = samePair ? later(last.clock, quoted.clock) : quoted.clock;
  return {
    claims,
    reboot: quoted.reset_count > last.reset_count,
    record: claims.every((c) => c.ok) ? { ...quoted, clock } : null,
  };
}

/** Whether `a` was shown before `b`; a clock that is not safe says nothing about its order. */
export function isOlder(a: Counters, b: Counters | null): boolean {
  if (b === null || a.reset_count !== b.reset_count) return b !== null && a.reset_count < b.reset_count;
  if (a.restart_count !== b.restart_count) return a.restart_count < b.restart_count;
  return a.safe && BigInt(a.clock) < BigInt(b.clock);
}
