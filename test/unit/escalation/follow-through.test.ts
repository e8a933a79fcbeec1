import { describe, expect, it } from 'vitest';
import { cross, listed, LISTED_CROSSINGS } from '../../../domain/escalation/crossing.ts';
import { followThrough } from '../../../domain/escalation/follow-through.ts';
import type { Escalation } from '../../../domain/escalation/follow-through.ts';
import { at, T0 } from '../../support/incidents.ts';

const HOUR = 3_600;
const open = (over: Partial<Escalation> = {}): Escalation => ({
  opened_at: T0,
  window_seconds: 300,
  last_event_at: T0,
  alerted_at: T0,
  reminded_at: null,
  closed_at: null,
  ...over,
});
const busy = (seconds: number, over: Partial<Escalation> = {}) => open({ last_event_at: at(seconds), ...over });

describe('the follow-through of a crossing', () => {
  it('alerts before anything else, however late it comes to it', () => {
    expect(followThrough(open({ alerted_at: null }), 3, T0)).toEqual({ step: 'alert' });
    expect(followThrough(open({ alerted_at: null }), 0, at(9_000))).toEqual({ step: 'alert' });
  });

  it('closes after one window without an event; an event exactly one window old still belongs to it', () => {
    expect(followThrough(open(), 3, at(10))).toEqual({ step: null, at: '2026-03-14T12:05:00.001Z' });
    expect(followThrough(open(), 3, at(300))).toEqual({ step: null, at: '2026-03-14T12:05:00.001Z' });
    expect(followThrough(open(), 3, '2026-03-14T12:05:00.001Z')).toEqual({ step: 'close' });
    expect(followThrough(busy(200), 3, at(301))).toEqual({ step: null, at: '2026-03-14T12:08:20.001Z' });
  });

  it('closes whether or not its incidents are resolved: they have processes of their own', () => {
    for (const unresolved of [0, 3]) expect(followThrough(open(), unresolved, at(301))).toEqual({ step: 'close' });
  });

  it('reminds every 4 hours while a member is unresolved', () => {
    const due = at(4 * HOUR);
    expect(followThrough(busy(4 * HOUR - 1), 1, at(4 * HOUR - 1))).toEqual({ step: null, at: due });
    expect(followThrough(busy(4 * HOUR), 1, due)).toEqual({ step: 'remind' });
    expect(followThrough(busy(4 * HOUR, { reminded_at: due }), 1, due)).toMatchObject({ step: null });
    expect(followThrough(busy(8 * HOUR, { reminded_at: due }), 1, at(8 * HOUR))).toEqual({ step: 'remind' });
    expect(followThrough(busy(4 * HOUR), 0, due)).toMatchObject({ step: null });
  });

  it('sends one reminder for all that an outage kept back', () => {
    const late = at(13 * HOUR);
    expect(followThrough(busy(13 * HOUR), 1, late)).toEqual({ step: 'remind' });
    expect(followThrough(busy(13 * HOUR, { reminded_at: late }), 1, late)).toMatchObject({ step: null });
  });

  it('is over once it is closed', () => {
    expect(followThrough(open({ closed_at: at(301) }), 3, at(302))).toEqual({ step: 'over' });
  });
});

describe('a crossing', () => {
  it('opens an escalation where there is none, and belongs to the open one where there is', () => {
    const first = cross(undefined, 'INC-3');
    expect(first).toEqual({ escalation: 'INC-3', crossings: 1, opens: true });
    expect(cross(first, 'INC-4')).toEqual({ escalation: 'INC-3', crossings: 2, opens: false });
  });

  it('is counted for ever and listed up to a bound, each incident once', () => {
    expect(listed(LISTED_CROSSINGS, ['INC-1', 'INC-2', 'INC-1'])).toEqual(['INC-1', 'INC-2']);
    expect(listed(LISTED_CROSSINGS + 1, ['INC-1'])).toEqual([]);
  });
});
