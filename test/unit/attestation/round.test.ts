import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { challengeExpiry } from '../../../domain/attestation/challenge.ts';
import type { IncidentNow } from '../../../domain/attestation/challenge.ts';
import { roundCounts } from '../../../domain/attestation/round.ts';
import type { Round } from '../../../domain/attestation/round.ts';

const created_at = '2026-03-14T12:00:00.000Z';
const now = '2026-03-14T12:00:01.000Z';
const served = { workspace_id: 'system', incident_id: 'INC-1', binding: 'b', occurrences: 1, settlements: 2 };
const incident: IncidentNow = { ...served, state: 'contained' };
const quote = (node: string, passed = true, incidents = [served]) => ({
  challenge: {
    nonce: 'a5'.repeat(32),
    node,
    created_at,
    expires_at: challengeExpiry(created_at),
    used_at: null,
    incidents,
  },
  passed,
});
const counts = (round: Partial<Round>, asked: { nodes?: string[]; baselines?: string[] } = {}, i = incident) =>
  roundCounts({ quotes: [quote('a')], checks: [], ...round }, i, { nodes: ['a'], baselines: [], ...asked }, now);

describe('a round of quotes', () => {
  it('counts for an incident it was written for, when all its nodes and baselines passed', () => {
    expect(counts({})).toBe(true);
    expect(counts({ quotes: [quote('a'), quote('b', false)] })).toBe(true);
    expect(counts({ quotes: [quote('a'), quote('b')] }, { nodes: ['a', 'b'] })).toBe(true);
    expect(counts({ checks: [{ baseline: 'f', passed: true }] }, { baselines: ['f'] })).toBe(true);
  });

  it.each([
    ['of no quote', { quotes: [] }, {}],
    ['of another node', { quotes: [quote('b')] }, {}],
    ['that failed', { quotes: [quote('a', false)] }, {}],
    ['of which one failed', { quotes: [quote('a'), quote('a', false)] }, {}],
    ['that was written for others', { quotes: [quote('a', true, [{ ...served, incident_id: 'INC-2' }])] }, {}],
    ['of another workspace', { quotes: [quote('a', true, [{ ...served, workspace_id: 'lab' }])] }, {}],
    ['of some of its nodes', {}, { nodes: ['a', 'b'] }],
    ['of no node', {}, { nodes: [] }],
    ['without its files', {}, { baselines: ['f'] }],
    ['with other files', { checks: [{ baseline: 'g', passed: true }] }, { baselines: ['f'] }],
    ['with files that differ', { checks: [{ baseline: 'f', passed: false }] }, { baselines: ['f'] }],
  ])('%s does not count', (_what, round, asked) => {
    expect(counts(round, asked)).toBe(false);
  });

  it('never counts for an incident that has changed, that it misses a node of, or a file of', () => {
    const nodes = fc.subarray(['a', 'b', 'c']);
    const files = fc.subarray(['f', 'g']);
    const changes = {
      none: (i: IncidentNow) => i,
      escalated: (i: IncidentNow) => ({ ...i, binding: 'b2' }),
      occurred: (i: IncidentNow) => ({ ...i, occurrences: i.occurrences + 1 }),
      settled: (i: IncidentNow) => ({ ...i, settlements: i.settlements + 1 }),
      resolved: (i: IncidentNow) => ({ ...i, state: 'resolved' }),
      elsewhere: (i: IncidentNow) => ({ ...i, workspace_id: 'lab' }),
    };
    const change = fc.constantFrom(...(Object.keys(changes) as (keyof typeof changes)[]));
    const scene = fc.record({
      asked: nodes,
      baselines: files,
      good: nodes,
      bad: nodes,
      same: files,
      other: files,
      change,
    });
    fc.assert(
      fc.property(scene, ({ asked, baselines, good, bad, same, other, change: how }) => {
        const round: Round = {
          quotes: [...good.map((n) => quote(n)), ...bad.map((n) => quote(n, false))],
          checks: [
            ...same.map((baseline) => ({ baseline, passed: true })),
            ...other.map((baseline) => ({ baseline, passed: false })),
          ],
        };
        const met =
          how === 'none' &&
          asked.length > 0 &&
          asked.every((n) => good.includes(n) && !bad.includes(n)) &&
          baselines.every((b) => same.includes(b) && !other.includes(b));
        expect(roundCounts(round, changes[how](incident), { nodes: asked, baselines }, now)).toBe(met);
      }),
    );
  });
});
