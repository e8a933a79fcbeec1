import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  challengeExpiry,
  challengeOpen,
  challengeServes,
  everyNodePassed,
  reattestNodes,
} from '../../../domain/attestation/challenge.ts';
import type { Challenge, IncidentNow } from '../../../domain/attestation/challenge.ts';
import { AttestationError } from '../../../domain/attestation/error.ts';

const created_at = '2026-03-14T12:00:00.000Z';
const after = (ms: number): string => new Date(Date.parse(created_at) + ms).toISOString();
const served = { workspace_id: 'system', incident_id: 'INC-1', binding: 'b1', occurrences: 2, settlements: 3 };
const incident: IncidentNow = { ...served, state: 'contained' };
const challenge: Challenge = {
  nonce: 'a5'.repeat(32),
  node: 'node-a',
  created_at,
  expires_at: challengeExpiry(created_at),
  used_at: null,
  incidents: [served],
};
const change = {
  escalate: (i: IncidentNow) => ({ ...i, binding: `${i.binding}'` }),
  occur: (i: IncidentNow) => ({ ...i, occurrences: i.occurrences + 1 }),
  settle: (i: IncidentNow) => ({ ...i, settlements: i.settlements + 1 }),
  resolve: (i: IncidentNow) => ({ ...i, state: 'resolved' }),
};
const verdict = (c: Partial<Challenge>, i: Partial<IncidentNow>, now = after(1000)): string => {
  const v = challengeServes({ ...challenge, ...c }, { ...incident, ...i }, now);
  return v.ok ? 'ok' : v.code;
};

describe('a challenge', () => {
  it('serves its incident while nothing has changed', () => {
    expect(verdict({}, {})).toBe('ok');
    expect(verdict({}, {}, created_at)).toBe('ok');
    expect(verdict({}, {}, after(59_999))).toBe('ok');
  });

  it.each([
    ['challenge_expired', {}, {}, after(60_000)],
    ['challenge_expired', {}, {}, after(-1)],
    ['challenge_expired', {}, {}, 'never'],
    ['challenge_expired', { expires_at: after(61_000) }, {}, after(1)],
    ['challenge_expired', { expires_at: '' }, {}, after(1)],
    ['challenge_used', { used_at: after(500) }, {}, after(1000)],
    ['incident_not_served', {}, { incident_id: 'INC-2' }, after(1)],
    ['incident_not_served', {}, { workspace_id: 'default' }, after(1)],
    ['already_resolved', {}, { state: 'resolved' }, after(1)],
    ['containment_changed', {}, { binding: 'b2' }, after(1)],
    ['occurrence_changed', {}, { occurrences: 3 }, after(1)],
    ['settlement_changed', {}, { settlements: 4 }, after(1)],
  ] as const)('is refused with %s: %o %o at %s', (code, c, i, now) => {
    expect(verdict(c, i, now)).toBe(code);
  });

  it('never serves twice, and never after a change, in any order of events', () => {
    const event = fc.oneof(
      fc.constantFrom('answer' as const, 'escalate' as const, 'occur' as const, 'settle' as const, 'resolve' as const),
      fc.record({ wait: fc.nat(40_000) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), (events) => {
        let [c, i, clock, changed] = [challenge, incident, 0, false];
        for (const e of events) {
          if (e === 'answer') {
            const { ok } = challengeServes(c, i, after(clock));
            expect(ok).toBe(c.used_at === null && !changed && clock < 60_000);
            c = { ...c, used_at: after(clock) };
          } else if (typeof e === 'object') clock += e.wait;
          else {
            i = change[e](i);
            changed = true;
          }
        }
      }),
    );
  });

  it('is open until used or expired', () => {
    expect(challengeOpen(challenge, after(1))).toStrictEqual({ ok: true });
    expect(challengeOpen({ ...challenge, used_at: after(1) }, after(2))).toMatchObject({ code: 'challenge_used' });
  });
});

describe('the nodes of a re-attestation', () => {
  it('are the node of the evidence if it is enrolled, else every enrolled one', () => {
    expect(reattestNodes('b', ['a', 'b'])).toStrictEqual(['b']);
    expect(reattestNodes('c', ['b', 'a'])).toStrictEqual(['a', 'b']);
    expect(reattestNodes(undefined, ['a', 'b'])).toStrictEqual(['a', 'b']);
    expect(reattestNodes({ toString: () => 'a' }, ['a', 'b'])).toStrictEqual(['a', 'b']);
  });

  it('are never none', () => {
    expect(() => reattestNodes('a', [])).toThrow(AttestationError);
    expect(everyNodePassed([], new Set())).toBe(false);
    expect(everyNodePassed(['a', 'b'], new Set(['a']))).toBe(false);
    expect(everyNodePassed(['a', 'b'], new Set(['a', 'b']))).toBe(true);
  });
});
