import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { countedTrail } from '../../../api/auth/counted-trail.ts';
import { loadSloFile } from '../../../config/slo-file.ts';
import { variables } from '../../../config/variables.ts';
import { limitSignal } from '../../../domain/slo/limits.ts';
import { providerSignal } from '../../../domain/slo/provider.ts';
import type { Limit } from '../../../domain/slo/thresholds.ts';

const shipped = variables.INTERLOCK_SLO_FILE.parse(undefined);
const thresholds = loadSloFile(shipped);
const START = Date.parse('2026-03-14T09:00:00.000Z');
const at = (minute: number): string => new Date(START + minute * 60_000).toISOString();
const refused = (...minutes: [minute: number, n: number][]) => minutes.map(([m, n]) => ({ minute: at(m), n }));
const of = (now: number, ...minutes: [number, number][]) =>
  limitSignal(refused(...minutes), thresholds.auth_limits, at(now));

describe('the signal of a limiter', () => {
  it('S1-128 warns when it refuses again inside ten minutes, and no longer when they have passed', () => {
    expect(of(0)).toEqual({ level: 'ok', since: null });
    expect(of(1, [0, 1])).toEqual({ level: 'ok', since: null });
    expect(of(9, [0, 1], [8, 1])).toEqual({ level: 'warn', since: at(0) });
    expect(of(1, [0, 2])).toEqual({ level: 'warn', since: at(0) });
    expect(of(25, [0, 1], [8, 1])).toEqual({ level: 'ok', since: null });
  });

  it('S1-128 pages when refusals went on for half an hour, without a pause of ten minutes', () => {
    const run = Array.from({ length: 31 }, (_, m): [number, number] => [m, 3]);
    expect(of(29, ...run.slice(0, 30))).toEqual({ level: 'warn', since: at(0) });
    expect(of(30, ...run)).toEqual({ level: 'page', since: at(30) });
    expect(of(60, ...run)).toEqual({ level: 'ok', since: null });
    const paused = run.filter(([m]) => m < 10 || m > 20);
    expect(of(30, ...paused)).toEqual({ level: 'warn', since: at(21) });
  });

  it('never pages before half an hour of refusals, nor without refusals in its window', () => {
    const minutes = fc.uniqueArray(fc.integer({ min: 0, max: 120 }), { maxLength: 60 });
    fc.assert(
      fc.property(minutes, fc.integer({ min: 120, max: 150 }), (seen, now) => {
        const sorted = seen.toSorted((a, b) => a - b).map((m): [number, number] => [m, 1]);
        const { level } = of(now, ...sorted);
        const recent = sorted.filter(([m]) => m + 1 > now - 10).length;
        if (recent < 2) expect(level).toBe('ok');
        if (level === 'page') expect(now - (sorted[0]?.[0] ?? now)).toBeGreaterThanOrEqual(30);
      }),
    );
  });
});

it('S1-123 the default upstream warns when nobody asked it for five minutes, and pages when it fails for five', () => {
  const route = { name: 'model', default: true, ok: false, since: at(0), checked_at: at(0) };
  const says = (code: string, now: number, more: object = {}) =>
    providerSignal({ routes: [{ ...route, code, ...more }] }, thresholds.provider_readiness, at(now));
  expect(says('unreachable', 4).level).toBe('ok');
  expect(says('unreachable', 5)).toEqual({ level: 'page', since: at(5) });
  expect(says('stale', 6)).toEqual({ level: 'warn', since: at(5) });
  expect(says('unreachable', 9, { default: false }).level).toBe('ok');
  expect(says('unreachable', 9, { ok: true }).level).toBe('ok');
});

describe('thresholds', () => {
  const folder = mkdtempSync(join(tmpdir(), 'interlock-slo-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are those that are shipped', () => {
    const limit = { warn: { refusals: 2, within_minutes: 10 }, page: { sustained_minutes: 30 } };
    expect(thresholds).toEqual({
      auth_limits: limit,
      cors_limits: limit,
      secret_limits: limit,
      provider_readiness: { warn: { unasked_minutes: 5 }, page: { failing_minutes: 5 } },
    });
  });

  it.each([
    ['version: 1', 'signals'],
    [JSON.stringify({ version: 1, signals: { ...thresholds, extra: {} } }), 'signals'],
    [
      JSON.stringify({ version: 1, signals: { ...thresholds, auth_limits: { ...thresholds.auth_limits, page: {} } } }),
      'signals.auth_limits.page.sustained_minutes',
    ],
    [
      JSON.stringify({
        version: 1,
        signals: { ...thresholds, cors_limits: { ...thresholds.cors_limits, page: { sustained_minutes: 0 } } },
      }),
      'signals.cors_limits.page.sustained_minutes',
    ],
  ])('are taken whole or not at all', (text, place) => {
    const path = join(folder, 'slo.yaml');
    writeFileSync(path, text);
    expect(() => loadSloFile(path)).toThrow(place);
  });
});

it('refusals are counted by limiter, also those that the trail folds, and wait when they cannot be handed over', async () => {
  const handed: [Limit, number][][] = [];
  let fails = true;
  const count = (counts: ReadonlyMap<Limit, number>) => {
    if (fails) return Promise.reject(new Error('planned'));
    handed.push([...counts].sort());
    return Promise.resolve();
  };
  const troubles = Promise.withResolvers<unknown>();
  const silent = { write: () => undefined, close: () => undefined };
  const { trail, close } = countedTrail(silent, { count, everyMs: 1, onTrouble: troubles.resolve });
  const source = '192.0.2.1';
  trail.write({ code: 'auth_rate_limited', source });
  trail.write({ code: 'unauthenticated', source });
  await troubles.promise;
  trail.write({ code: 'auth_rate_limited', source, detail: { presented: 'lease' } });
  trail.write({ code: 'auth_rate_limited', source, detail: { presented: 'signature' } });
  trail.write({ code: 'cors_origin_rate_limited', source });
  fails = false;
  await close();
  const sums = new Map<string, number>();
  for (const [limit, n] of handed.flat()) sums.set(limit, (sums.get(limit) ?? 0) + n);
  expect(Object.fromEntries(sums)).toEqual({ auth_limits: 1, cors_limits: 1, secret_limits: 2 });
});
