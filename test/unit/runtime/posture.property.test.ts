import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { debugSignal, keeps, LONGEST_WINDOW, windowProblem } from '../../../domain/runtime/capture-window.ts';
import { RECOVERY_APPROVALS, refusesApproval } from '../../../domain/runtime/posture.ts';

const minutes = (n: number) => n * 60_000;
const at = (ms: number) => new Date(Date.UTC(2026, 2, 14, 12) + ms).toISOString();

describe('the posture', () => {
  it('refuses in dont-ask whatever is not part of a recovery, and nothing while it asks', () => {
    const words = fc.oneof(fc.string(), fc.constantFrom(...RECOVERY_APPROVALS, 'adapter.retire', 'export', 'run'));
    fc.assert(
      fc.property(words, (action) => {
        expect(refusesApproval('ask', action)).toBe(false);
        expect(refusesApproval('dont-ask', action)).toBe(!RECOVERY_APPROVALS.includes(action));
      }),
    );
    expect(RECOVERY_APPROVALS).toEqual(['attestation.retire', 'attestation.replace', 'restore.promote']);
  });
});

describe('a capture window', () => {
  it('S1-20 full is never asked for without a ticket, nor for more than half an hour', () => {
    const asked = fc.record({
      level: fc.constantFrom('errors' as const, 'full' as const),
      seconds: fc.oneof(fc.integer({ min: -5, max: 90_000 }), fc.double()),
      ticket: fc.option(fc.string({ minLength: 1 })),
    });
    fc.assert(
      fc.property(asked, (window) => {
        if (windowProblem(window) !== null) return;
        expect(Number.isInteger(window.seconds) && window.seconds >= 1).toBe(true);
        expect(window.seconds).toBeLessThanOrEqual(window.level === 'full' ? 1800 : 86_400);
        if (window.level === 'full') expect(window.ticket).not.toBeNull();
      }),
    );
    expect(windowProblem({ level: 'full', seconds: 1800, ticket: 'T-1' })).toBeNull();
    expect(windowProblem({ level: 'errors', seconds: 86_400, ticket: null })).toBeNull();
  });

  it('keeps all at full, and at errors what went wrong', () => {
    const statuses = [200, 399, 400, 503, null];
    expect(statuses.filter((status) => keeps('errors', { status, failure: null }))).toEqual([400, 503, null]);
    expect(statuses.filter((status) => keeps('full', { status, failure: null }))).toEqual(statuses);
    expect(keeps('errors', { status: 200, failure: 'redirected' })).toBe(true);
  });

  it('S1-129 full without a ticket warns, full past its half hour pages', () => {
    const open = { level: 'full' as const, ticket: 'T-1', opened_at: at(0) };
    expect(debugSignal(null, at(0))).toEqual({ level: 'ok', since: null });
    expect(debugSignal({ ...open, level: 'errors', ticket: null }, at(minutes(600)))).toMatchObject({ level: 'ok' });
    expect(debugSignal(open, at(minutes(30)))).toEqual({ level: 'ok', since: null });
    expect(debugSignal({ ...open, ticket: null }, at(minutes(5)))).toEqual({ level: 'warn', since: at(0) });
    expect(debugSignal(open, at(minutes(31)))).toEqual({ level: 'page', since: at(LONGEST_WINDOW.full * 1000) });
  });
});
