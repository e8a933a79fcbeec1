import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planOf, ROTATION_ROWS } from '../../../domain/rotation/plan.ts';
import { advance, ATTEMPTS, dueIn, isOver, opened } from '../../../domain/rotation/transition.ts';
import type { Rotation, StepOutcome } from '../../../domain/rotation/transition.ts';

const NOW = Date.parse('2026-01-01T00:00:00.000Z');
const at = (i: number) => new Date(NOW + i * 1000).toISOString();

const outcome: fc.Arbitrary<StepOutcome> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<StepOutcome>({ kind: 'done' }) },
  { weight: 1, arbitrary: fc.constant<StepOutcome>({ kind: 'more' }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('failed' as const), code: fc.constant('x'), retry: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.constant<StepOutcome>({ kind: 'abandoned', code: 'abandoned' }) },
);
const request = fc
  .record({
    row: fc.constantFrom(...ROTATION_ROWS),
    dry_run: fc.boolean(),
    overlap_seconds: fc.constantFrom(0, 3600),
    compromised: fc.boolean(),
  })
  .map((r) => (r.compromised ? { ...r, overlap_seconds: 0 } : r));

/** Every record that a course of outcomes passes through. */
function course(of: Parameters<typeof opened>[0], outcomes: StepOutcome[]): Rotation[] {
  const records = [opened(of)];
  for (const [i, o] of outcomes.entries()) {
    const last = records.at(-1)!;
    if (isOver(last) || last.step === null) break;
    records.push(advance(last, last.step, o, at(i)).rotation);
  }
  return records;
}

describe('a rotation', () => {
  it('is complete only when the new one was proved to work and the old one to fail', () => {
    fc.assert(
      fc.property(request, fc.array(outcome, { maxLength: 40 }), (of, outcomes) => {
        const last = course(of, outcomes).at(-1)!;
        if (last.state !== 'completed' || last.dry_run) return;
        expect(last.new_proved_at).not.toBeNull();
        expect(last.old_proved_at).not.toBeNull();
        expect(last.cut_over_at! < last.old_proved_at!).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('passes over no step, and goes back only to undo', () => {
    fc.assert(
      fc.property(request, fc.array(outcome, { maxLength: 40 }), (of, outcomes) => {
        const plan = planOf(of.row, of);
        const records = course(of, outcomes);
        for (const [i, record] of records.entries()) {
          const before = records[i - 1];
          if (before === undefined || before.state !== 'running' || record.state !== 'running') continue;
          const moved = plan.indexOf(record.step!) - plan.indexOf(before.step!);
          expect([0, 1]).toContain(moved);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('never puts a compromised one back, nor any after the new one was proved in its place', () => {
    fc.assert(
      fc.property(request, fc.array(outcome, { maxLength: 40 }), (of, outcomes) => {
        for (const record of course(of, outcomes)) {
          if (record.state !== 'undoing' || record.step !== 'cut_over') continue;
          expect(record.compromised).toBe(false);
          expect(record.cut_over_at !== null && record.new_proved_at !== null).toBe(false);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('leaves nothing staged when it was undone, and a dry run stages nothing', () => {
    fc.assert(
      fc.property(request, fc.array(outcome, { maxLength: 60 }), (of, outcomes) => {
        const records = course(of, outcomes);
        const last = records.at(-1)!;
        if (last.state === 'undone') expect([last.staged_at, last.cut_over_at]).toEqual([null, null]);
        if (of.dry_run) for (const r of records) expect(['inspect', null]).toContain(r.step);
      }),
      { numRuns: 2000 },
    );
  });

  it('comes to an end as soon as nothing fails any more', () => {
    fc.assert(
      fc.property(request, fc.array(outcome, { maxLength: 40 }), (of, outcomes) => {
        const kept = outcomes.filter(({ kind }) => kind !== 'more');
        const all = course(of, [...kept, ...Array.from({ length: 20 }, (): StepOutcome => ({ kind: 'done' }))]);
        expect(isOver(all.at(-1)!)).toBe(true);
      }),
    );
  });
});

describe('a step that fails', () => {
  const ofAdmin = { row: 'admin_token', dry_run: false, overlap_seconds: 0, compromised: false } as const;
  const failed = { kind: 'failed', code: 'x', retry: true } as const;
  const staged = course(ofAdmin, [{ kind: 'done' }, { kind: 'done' }]).at(-1)!;

  it('is tried again after growing pauses, then undone, with one alert', () => {
    let record = staged;
    const alerts: boolean[] = [];
    for (let i = 0; i < ATTEMPTS; i += 1) {
      const next = advance(record, 'cut_over', failed, at(0));
      alerts.push(next.alert);
      if (i < ATTEMPTS - 1) expect(dueIn(next.rotation, at(0))).toBe(1000 * 2 ** i);
      record = next.rotation;
    }
    expect(record).toMatchObject({ state: 'undoing', step: 'cut_over', failure: 'x', failed_step: 'cut_over' });
    expect(alerts).toEqual([false, false, false, false, true]);
  });

  it('is tried for ever when the new one is in place and works: the old one is to end', () => {
    let record = course(
      ofAdmin,
      Array.from({ length: 4 }, (): StepOutcome => ({ kind: 'done' })),
    ).at(-1)!;
    let alerts = 0;
    for (let i = 0; i < 30; i += 1) {
      const next = advance(record, 'prove_old', failed, at(0));
      record = next.rotation;
      alerts += Number(next.alert);
    }
    expect(record).toMatchObject({ state: 'running', step: 'prove_old', failure: 'x', attempts: 30 });
    expect(alerts).toBe(1);
    expect(dueIn(record, at(0))).toBe(300_000);
  });

  it('before anything was staged ends the rotation', () => {
    const { rotation } = advance(opened(ofAdmin), 'inspect', { ...failed, retry: false }, at(0));
    expect(rotation).toMatchObject({ state: 'failed', step: null, failure: 'x' });
  });
});

describe('every row', () => {
  it.each(ROTATION_ROWS)('%s proves the new one and, after the cut, that the old one fails', (row) => {
    const plan = planOf(row, { dry_run: false, overlap_seconds: 1 });
    expect(plan.slice(0, 2)).toEqual(['inspect', 'stage']);
    expect(plan.at(-1)).toBe('revoke');
    expect(plan).toContain('prove_new');
    expect(plan.indexOf('prove_old')).toBeGreaterThan(plan.indexOf('cut_over'));
    expect(plan.indexOf('prove_old')).toBeGreaterThan(plan.indexOf('prove_new'));
    expect(plan.indexOf('prove_old')).toBeGreaterThan(plan.indexOf('overlap'));
  });
});
