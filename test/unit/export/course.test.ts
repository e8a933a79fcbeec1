import { describe, expect, it } from 'vitest';
import { advance, ATTEMPTS } from '../../../domain/export/course.ts';
import { dueIn, isOver, stepOf } from '../../../domain/export/record.ts';
import type { Export, ExportEvent } from '../../../domain/export/record.ts';
import { lacking, standing } from '../../../domain/export/quorum.ts';
import { ADVISED, isResumable, LIFTED_BY_OVERRIDE } from '../../../domain/export/reasons.ts';
import type { ExportReason } from '../../../domain/export/types.ts';
import { AFTER, asked, LATER, NOW, yes } from './asked.ts';

const bundle = { digest: 'a'.repeat(64), transition_digest: `sha256:${'b'.repeat(64)}` };
const WAIVER = { waiver_id: 'WVR-1', digest: 'c'.repeat(64) };
const OVERRIDE = { override_id: 'OVR-1', ticket: 'INC-1' };
const open = { airlock_open: true, quarantined: false };

/** One of each kind: lifted by an override, advised, both, and neither. */
const FINDINGS: ExportReason[][] = [
  [],
  ['registry_unreachable'],
  ['profile_unpinned'],
  ['bundle_unregistered'],
  ['blob_missing'],
  ['airlock_closed'],
];

/** Everything that can happen, at whatever state. */
const EVENTS: [string, ExportEvent][] = [
  { kind: 'preflighting' },
  ...[null, bundle].flatMap((found) =>
    FINDINGS.flatMap((findings) =>
      [null, WAIVER].flatMap((waiver) =>
        [null, OVERRIDE].map(
          (override) => ({ kind: 'preflighted', bundle: found, findings, waiver, override }) as const,
        ),
      ),
    ),
  ),
  { kind: 'approve', yes: yes('alice', 'security_owner') },
  { kind: 'approve', yes: yes('bob', 'safety_reviewer') },
  { kind: 'approve', yes: yes('bob', 'security_owner') },
  { kind: 'approve', yes: yes('carol', 'security_owner') },
  { kind: 'approve', yes: yes('alice', 'security_owner', { single_operator: true }) },
  { kind: 'reject' },
  { kind: 'cancel' },
  { kind: 'waive', waiver: null },
  { kind: 'waive', waiver: WAIVER },
  { kind: 'expire' },
  ...[true, false].flatMap((airlock_open) =>
    [true, false].flatMap((quarantined) =>
      [null, WAIVER].flatMap((waiver) =>
        [null, OVERRIDE].map((override) => ({ kind: 'begin', airlock_open, quarantined, waiver, override }) as const),
      ),
    ),
  ),
  { kind: 'sealed', statement_digest: 'd'.repeat(64) },
  { kind: 'opened', handle: 'h' },
  { kind: 'sent', handle: 'h', received: 10, sha256: 'f'.repeat(64) },
  { kind: 'committing', ...open },
  { kind: 'committing', ...open, airlock_open: false },
  { kind: 'committing', ...open, quarantined: true },
  { kind: 'delivered', closed_meanwhile: false },
  { kind: 'delivered', closed_meanwhile: true },
  { kind: 'stopped', reason: 'airlock_closed' },
  { kind: 'stopped', reason: 'blob_corrupt' },
  { kind: 'failed', code: 'x', retry: true },
  { kind: 'failed', code: 'x', retry: false },
  { kind: 'discarded' },
].map((event) => [event.kind, event as ExportEvent]);

/** That it failed is all that counts: how often is another test's. */
const keyOf = (x: Export): string =>
  JSON.stringify({ ...x, attempts: Math.min(x.attempts, 1), next_attempt_at: x.next_attempt_at === null });
const restOf = (x: Export): string => keyOf({ ...x, handle: null, failure: null, attempts: 0, next_attempt_at: null });

/** Every record that can be reached, each with how it was. What an event does not belong to throws, and changes nothing. */
function reachable(
  from: Export,
): Map<string, { x: Export; before: Export | null; event: ExportEvent | null; now: string }> {
  const seen = new Map([
    [keyOf(from), { x: from, before: null as Export | null, event: null as ExportEvent | null, now: NOW }],
  ]);
  const queue = [from];
  for (let x = queue.pop(); x !== undefined; x = queue.pop())
    for (const now of [NOW, AFTER])
      for (const [, event] of EVENTS) {
        const next = attempt(x, event, now);
        if (next === null || seen.has(keyOf(next))) continue;
        seen.set(keyOf(next), { x: next, before: x, event, now });
        queue.push(next);
      }
  return seen;
}

function attempt(x: Export, event: ExportEvent, now: string): Export | null {
  try {
    const verdict = advance(x, event, now);
    return verdict.ok ? verdict.export : null;
  } catch {
    return null;
  }
}

const all = (['enforce', 'advisory'] as const).map((mode) => ({
  mode,
  states: [...reachable(asked({ mode })).values()],
}));

describe.each(all)('every state of an export in $mode mode', ({ mode, states }) => {
  it('is reached', () => {
    const names = new Set(states.map(({ x }) => x.state));
    const never = mode === 'enforce' ? [] : ['pending_approval', 'approved', 'rejected', 'expired'];
    for (const state of ['preflight', 'waived', 'exporting', 'exported', 'blocked', 'failed', 'cancelled'])
      expect(names).toContain(state);
    for (const state of never) expect(names).not.toContain(state);
  });

  it('that is under way or done has what it needs', () => {
    for (const { x } of states) {
      if (x.state !== 'exporting' && x.state !== 'exported') continue;
      expect(x.grant).not.toBeNull();
      if (x.grant?.kind === 'advisory') expect(mode).toBe('advisory');
      if (x.grant?.kind === 'approval') {
        expect(lacking(x.quorum, x.approvals)).toEqual([]);
        for (const one of x.approvals) expect(one.single_operator || one.actor !== x.requested_by).toBe(true);
      }
      if (x.grant?.kind === 'waiver') expect(x.grant.waiver_id).toBe(WAIVER.waiver_id);
      const unlifted = x.findings.filter((f) => !x.would_block.includes(f));
      expect(unlifted.every((f) => LIFTED_BY_OVERRIDE.includes(f) && x.override !== null)).toBe(true);
      expect(x.would_block.every((f) => mode === 'advisory' && ADVISED.includes(f))).toBe(true);
      for (const integrity of ['blob_missing', 'blob_corrupt', 'model_quarantined'] as const)
        expect(x.findings).not.toContain(integrity);
      if (x.state !== 'exported') continue;
      expect([x.integrity_checked_at, x.airlock_checked_at, x.archive_sha256, x.statement_digest]).not.toContain(null);
    }
  });

  it('that began did so by a grant that stood at that moment, with the airlock open', () => {
    for (const { x, before, event, now } of states) {
      if (x.state !== 'exporting' || before === null || before.state === 'exporting') continue;
      if (event?.kind !== 'begin') throw new Error('it began by something else');
      expect([event.airlock_open, event.quarantined]).toEqual([true, false]);
      if (x.grant?.kind === 'approval') expect(lacking(x.quorum, standing(x.approvals, now))).toEqual([]);
      if (x.grant?.kind === 'waiver') expect(event.waiver).toEqual(WAIVER);
    }
  });

  it('is left by nothing once it is over, but for what it has to discard', () => {
    for (const { x } of states) {
      if (!isOver(x)) continue;
      for (const [kind, event] of EVENTS) {
        const next = attempt(x, event, NOW);
        if (next === null) continue;
        expect([kind === 'discarded' || kind === 'failed', restOf(next)]).toEqual([true, restOf(x)]);
      }
    }
  });

  it('that is not over knows what it waits for: a step, people, or a time', () => {
    for (const { x } of states) {
      if (isOver(x)) continue;
      expect(stepOf(x) !== null || x.state === 'pending_approval').toBe(true);
      expect(dueIn(x, NOW)).not.toBeNull();
    }
  });

  it('is held only by what passes, and blocked for good by everything else', () => {
    for (const { x } of states) {
      expect(x.held && x.state !== 'blocked').toBe(false);
      if (x.state !== 'blocked') continue;
      expect(x.reason_code).not.toBeNull();
      if (x.held) expect(isResumable(x.reason_code!)).toBe(true);
    }
  });
});

const course = (x: Export, ...events: ExportEvent[]): Export =>
  events.reduce((last, event) => {
    const verdict = advance(last, event, NOW);
    if (!verdict.ok) throw new Error(verdict.code);
    return verdict.export;
  }, x);
const clean: ExportEvent = { kind: 'preflighted', bundle, findings: [], waiver: null, override: null };
const begin: ExportEvent = { kind: 'begin', ...open, waiver: null, override: null };
const two: ExportEvent[] = [
  { kind: 'approve', yes: yes('bob', 'safety_reviewer') },
  { kind: 'approve', yes: yes('carol', 'security_owner') },
];

describe('an approval', () => {
  it('is never the requester’s, and counts once', () => {
    const pending = course(asked(), clean);
    expect(advance(pending, { kind: 'approve', yes: yes('alice', 'security_owner') }, NOW)).toEqual({
      ok: false,
      code: 'self_approval',
    });
    const one = course(pending, two[0]!);
    expect(advance(one, { kind: 'approve', yes: yes('bob', 'security_owner') }, NOW)).toEqual({
      ok: false,
      code: 'already_approved',
    });
    expect(one.state).toBe('pending_approval');
    expect(course(one, two[1]!)).toMatchObject({ state: 'approved', grant: { kind: 'approval' } });
  });

  it('whose time is over when it is used stops the export', () => {
    const approved = course(asked(), clean, ...two);
    const verdict = advance(approved, begin, LATER);
    expect(verdict).toMatchObject({
      ok: true,
      export: { state: 'blocked', held: false, reason_code: 'approval_expired' },
    });
  });

  it('after the wait is over counts for nothing', () => {
    expect(advance(course(asked(), clean), two[0]!, AFTER)).toMatchObject({
      export: { state: 'expired', approvals: [] },
    });
  });
});

describe('an export that is held', () => {
  it('goes on from where it stood', () => {
    const sending = course(
      asked(),
      clean,
      ...two,
      begin,
      { kind: 'sealed', statement_digest: 'd'.repeat(64) },
      { kind: 'opened', handle: 'h' },
    );
    const held = course(sending, { kind: 'stopped', reason: 'airlock_closed' });
    expect(held).toMatchObject({ state: 'blocked', held: true, reason_code: 'airlock_closed', handle: 'h' });
    expect(dueIn(held, NOW)).toBe(30_000);
    expect(course(held, begin)).toMatchObject({ state: 'exporting', reason_code: null, handle: 'h', held: false });
  });

  it('is tried again after growing pauses, and fails with what it failed by', () => {
    let x = course(asked(), clean, ...two, begin);
    for (let i = 1; i < ATTEMPTS; i++) {
      x = course(x, { kind: 'failed', code: 'x', retry: true });
      expect(dueIn(x, NOW)).toBe(1000 * 2 ** (i - 1));
    }
    expect(course(x, { kind: 'failed', code: 'x', retry: true })).toMatchObject({ state: 'failed', failure: 'x' });
  });
});
