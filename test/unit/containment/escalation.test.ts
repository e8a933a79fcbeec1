import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeWindow, nextWindow } from '../../../domain/containment/escalation.ts';
import type { WindowEvent } from '../../../domain/containment/escalation.ts';
import type { EscalationRule } from '../../../domain/containment/policy.ts';

const start = Date.parse('2026-03-14T12:00:00.000Z');
const at = (seconds: number): string => new Date(start + seconds * 1000).toISOString();
const event = (incident_id: string, seconds: number): WindowEvent => ({ incident_id, at: at(seconds) });
const threeInFive: EscalationRule = { count: 3, window_seconds: 300, severity: 'critical' };

describe('the escalation window', () => {
  it('is crossed by the report that makes the count, which raises those before it', () => {
    expect(judgeWindow(threeInFive, [event('A', 0)], at(10)).crossed).toBe(false);
    expect(judgeWindow(threeInFive, [event('A', 0), event('B', 10)], at(20))).toEqual({
      crossed: true,
      raise: ['A', 'B'],
      live: [event('A', 0), event('B', 10)],
    });
  });

  it('counts an event exactly as old as the window, and not one a millisecond older', () => {
    const events = [event('A', 0), event('B', 10)];
    expect(judgeWindow(threeInFive, events, at(300)).crossed).toBe(true);
    expect(judgeWindow(threeInFive, events, at(300.001))).toEqual({
      crossed: false,
      raise: [],
      live: [event('B', 10)],
    });
  });

  it('counts a folded occurrence and names its incident once', () => {
    expect(judgeWindow(threeInFive, [event('A', 0), event('A', 1)], at(2)).raise).toEqual(['A']);
  });

  it('goes on being crossed while the reports keep coming', () => {
    let row: WindowEvent[] = [];
    const crossed = [0, 100, 200, 290, 450, 900].map((seconds, i) => {
      const verdict = judgeWindow(threeInFive, row, at(seconds));
      row = nextWindow(threeInFive, verdict.live, event(`I${i}`, seconds));
      return verdict.crossed;
    });
    expect(crossed).toEqual([false, false, true, true, true, false]);
    expect(row).toEqual([event('I5', 900)]);
  });

  it('does not exist for a class without a rule', () => {
    expect(judgeWindow(undefined, [event('A', 0)], at(0))).toEqual({ crossed: false, raise: [], live: [] });
    expect(nextWindow(undefined, [event('A', 0)], event('B', 1))).toEqual([]);
  });

  it('agrees with counting every report there ever was', () => {
    const rules = fc.record({ count: fc.integer({ min: 2, max: 6 }), window_seconds: fc.integer({ min: 1, max: 20 }) });
    const gaps = fc.array(fc.integer({ min: 0, max: 12_000 }), { maxLength: 40 });
    fc.assert(
      fc.property(rules, gaps, (partial, steps) => {
        const rule: EscalationRule = { ...partial, severity: 'critical' };
        const history: WindowEvent[] = [];
        let row: WindowEvent[] = [];
        let ms = start;
        for (const step of steps) {
          ms += step;
          const now = new Date(ms).toISOString();
          const inWindow = history.filter((e) => ms - Date.parse(e.at) <= rule.window_seconds * 1000);
          const verdict = judgeWindow(rule, row, now);
          expect(verdict.crossed).toBe(inWindow.length + 1 >= rule.count);
          expect(verdict.raise).toEqual(
            verdict.crossed ? inWindow.slice(1 - rule.count).map((e) => e.incident_id) : [],
          );
          const next = { incident_id: `I${history.length}`, at: now };
          history.push(next);
          row = nextWindow(rule, verdict.live, next);
          expect(row.length).toBeLessThan(rule.count);
        }
      }),
    );
  });
});
