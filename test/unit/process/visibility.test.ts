import { describe, expect, it } from 'vitest';
import type { ProcessView } from '../../../domain/process/types.ts';
import { workflowIdOf } from '../../../domain/process/types.ts';
import { awaitingRole, currentDetails, processState } from '../../../domain/process/visibility.ts';

const view: ProcessView = {
  version: 1,
  class: 'attestation_failure',
  severity: 'critical',
  severity_rank: 1,
  resolved: false,
  over: false,
  settled: true,
  ceremony: true,
  missing: ['ack', 'reattest'],
  required_after: '2026-03-14T12:00:00.000Z',
  last_nudge_at: null,
};

describe('what the console shows of a process', () => {
  it.each([
    ['recoveryCeremony', null, 'starting', null],
    ['recoveryCeremony', view, 'recovering', 'operator'],
    ['recoveryCeremony', { ...view, missing: [] }, 'awaiting_resolve', 'operator'],
    ['recoveryCeremony', { ...view, resolved: true }, 'closing', null],
    ['incidentResponse', { ...view, settled: false }, 'containing', null],
    ['incidentResponse', view, 'recovering', null],
    ['incidentResponse', { ...view, ceremony: false, missing: [] }, 'awaiting_resolve', 'operator'],
    ['incidentResponse', { ...view, over: true }, 'closing', null],
  ] as const)('%s', (type, seen, state, role) => {
    const shown = seen === null ? null : { ...seen, missing: [...seen.missing] };
    expect([processState(type, shown), awaitingRole(type, shown)]).toEqual([state, role]);
  });

  it('says what is missing in the words of the record', () => {
    expect(currentDetails('recoveryCeremony', view)).toBe(
      'critical attestation_failure, waits for: ack, reattest, since 2026-03-14T12:00:00.000Z',
    );
  });

  it('names a workflow by kind and business id', () => {
    expect(workflowIdOf('recoveryCeremony', 'INC-1')).toBe('recovery/INC-1');
    expect(workflowIdOf('incidentResponse', 'INC-1')).toBe('incident/INC-1');
  });
});
