import { describe, expect, it } from 'vitest';
import { attestationState, evidenceMissing } from '../../../domain/attestation/state.ts';
import type { NodeStanding } from '../../../domain/attestation/state.ts';

const now = '2026-03-14T12:10:00.000Z';
const passed: NodeStanding = {
  state: 'enrolled',
  last_passed: true,
  last_pass_at: '2026-03-14T12:09:30.000Z',
  missed_quotes: 0,
  reboot_pending: false,
};
const state = (nodes: Partial<NodeStanding>[], open_incidents = 0, max_age_ms?: number) =>
  attestationState({
    nodes: nodes.map((n) => ({ ...passed, ...n })),
    open_incidents,
    now,
    ...(max_age_ms === undefined ? {} : { max_age_ms }),
  });

describe('the attestation state', () => {
  it('S4-36 is trusted when every node passed and no latched incident is open', () => {
    expect(state([{}])).toBe('trusted');
    expect(state([{}, {}])).toBe('trusted');
  });

  it.each([
    ['without a node', []],
    ['before the first appraisal', [{ last_passed: null, last_pass_at: null }]],
    ['after a reboot until a fresh pass', [{ reboot_pending: true }]],
    ['after two missed quotes', [{ missed_quotes: 2 }]],
    ['when one of two nodes is unknown', [{}, { missed_quotes: 3 }]],
    ['when the time of its pass cannot be read', [{ last_pass_at: 'yesterday' }]],
    ['when only retired nodes passed', [{ state: 'retired' as const }]],
  ])('is unknown %s', (_name, nodes) => {
    expect(state(nodes)).toBe('unknown');
  });

  it('is still trusted after one missed quote', () => {
    expect(state([{ missed_quotes: 1 }])).toBe('trusted');
  });

  it('is degraded while a latched incident is open or the last appraisal failed, whatever else is unknown', () => {
    expect(state([{}], 1)).toBe('degraded');
    expect(state([], 1)).toBe('degraded');
    expect(state([{}, { last_passed: false }])).toBe('degraded');
    expect(state([{ missed_quotes: 5 }, { last_passed: false }])).toBe('degraded');
  });

  it('does not count a retired node that failed', () => {
    expect(state([{}, { state: 'retired', last_passed: false }])).toBe('trusted');
  });

  it('is unknown once a pass is older than the watch allows', () => {
    expect(state([{}], 0, 30_000)).toBe('trusted');
    expect(state([{}], 0, 29_999)).toBe('unknown');
  });

  it('misses evidence after five minutes, in production only', () => {
    expect(evidenceMissing('production', '2026-03-14T12:05:00.000Z', now)).toBe(false);
    expect(evidenceMissing('production', '2026-03-14T12:04:59.999Z', now)).toBe(true);
    expect(evidenceMissing('production', '', now)).toBe(true);
    expect(evidenceMissing('embedded', '2026-03-14T11:00:00.000Z', now)).toBe(false);
  });
});
