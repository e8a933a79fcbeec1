import { describe, expect, it } from 'vitest';
import { loadChecklists } from '../../../config/checklist-files.ts';
import { asExpected, ChecklistError, parseChecklist, PHASES, standing } from '../../../domain/checklist/checklist.ts';
import type { Outcome } from '../../../domain/checklist/checklist.ts';

const step = { id: 'one', phase: 'contain', do: 'x', evidence: 'y' };
const checklist = (over: object = {}) => ({ name: 'a', title: 't', rows: ['S1-109'], steps: [step], ...over });
const refusal = (data: unknown): string => {
  try {
    parseChecklist(data);
  } catch (error) {
    if (error instanceof ChecklistError) return error.message;
    throw error;
  }
  return 'accepted';
};

describe('a checklist', () => {
  it('is refused with the place where it is wrong', () => {
    expect(refusal(checklist())).toBe('accepted');
    expect(refusal(checklist({ steps: [step, step] }))).toBe('one appears twice');
    expect(refusal(checklist({ steps: [{ ...step, command: 'true' }] }))).toContain('steps.0.expect');
    expect(refusal(checklist({ steps: [{ ...step, command: 'true', expect: { output: '(', says: 'x' } }] }))).toContain(
      'no pattern',
    );
    expect(refusal(checklist({ steps: [{ ...step, phase: 'later' }] }))).toContain('steps.0.phase');
    expect(refusal(checklist({ more: 1 }))).not.toBe('accepted');
    expect(refusal(checklist({ steps: [] }))).toContain('steps');
  });

  it('knows whether a command ended as expected', () => {
    const [plain, pattern] = parseChecklist(
      checklist({
        steps: [
          { ...step, command: 'true', expect: { says: 'x' } },
          { ...step, id: 'two', command: 'true', expect: { exit: [1, 7], output: '^ok$', says: 'x' } },
        ],
      }),
    ).steps;
    expect([asExpected(plain!, 0, ''), asExpected(plain!, 1, '')]).toEqual([true, false]);
    expect([
      asExpected(pattern!, 7, 'a\nok\nb'),
      asExpected(pattern!, 0, 'ok'),
      asExpected(pattern!, 1, 'oki'),
    ]).toEqual([true, false, false]);
  });

  it('is done when every step is done, or skipped for a reason', () => {
    const { steps } = parseChecklist(checklist({ steps: [step, { ...step, id: 'two' }] }));
    const of = (...outcomes: [string, Outcome][]) => standing(steps, new Map(outcomes));
    expect(of(['one', 'done'])).toBe('open');
    expect(of(['one', 'done'], ['two', 'failed'])).toBe('open');
    expect(of(['one', 'done'], ['two', 'skipped'])).toBe('done');
  });
});

describe('the checklists of the scenarios', () => {
  it('parse, contain before they recover, and keep evidence of every step', () => {
    for (const { name, steps } of loadChecklists().values()) {
      const order = steps.map(({ phase }) => PHASES.indexOf(phase));
      expect([name, order]).toEqual([name, order.toSorted((a, b) => a - b)]);
      for (const phase of PHASES) expect([name, steps.some((s) => s.phase === phase)]).toEqual([name, true]);
    }
  });
});
