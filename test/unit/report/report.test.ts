import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../domain/canonical/json.ts';
import { CLASSES, SEVERITIES } from '../../../domain/containment/types.ts';
import { parseStrictJson } from '../../../domain/json/strict-json.ts';
import { EVIDENCE_LIMITS } from '../../../domain/report/evidence.ts';
import { parseReport, REPORT_LIMITS } from '../../../domain/report/report.ts';

const least = { class: 'prompt_injection', source: 'gateway', description: 'seen' };

function refusal(value: unknown): string[] {
  const verdict = parseReport(value);
  if (verdict.ok) throw new Error('accepted');
  expect(verdict.problem.status).toBe(400);
  return (verdict.problem.fields ?? []).map((f) => `${f.path} ${f.code}`);
}

const nest = (levels: number): unknown => (levels === 0 ? 1 : { in: nest(levels - 1) });

describe('a report', () => {
  it('needs class, source and description', () => {
    expect(parseReport(least)).toEqual({ ok: true, report: { ...least, evidence: {} }, evidence: '{}' });
    expect(refusal({})).toEqual(['class required', 'source required', 'description required']);
    expect(refusal({ class: ' ', source: '\u00a0', description: '\t\n' })).toEqual([
      'class required',
      'source required',
      'description required',
    ]);
  });

  it('is taken with every field, trimmed, its evidence canonical', () => {
    const evidence = { subject: 'agent:a', score: 0.5, list: [1, { a: null }] };
    const full = {
      ...least,
      source: ' gateway ',
      description: ' seen\n twice ',
      severity: 'critical',
      evidence,
      dedup_key: 'k',
    };
    expect(parseReport(full)).toEqual({
      ok: true,
      report: { ...full, source: 'gateway', description: 'seen\n twice' },
      evidence: '{"list":[1,{"a":null}],"score":0.5,"subject":"agent:a"}',
    });
  });

  it('knows every class and severity', () => {
    for (const cls of CLASSES)
      for (const severity of SEVERITIES) expect(parseReport({ ...least, class: cls, severity }).ok).toBe(true);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ class: 'nonsense' }, 'class unknown_class'],
    [{ class: 'toString' }, 'class unknown_class'],
    [{ class: 7 }, 'class invalid_type'],
    [{ class: 'prompt_injection\u0007' }, 'class control_character'],
    [{ source: 'a\u001bb' }, 'source control_character'],
    [{ source: 'a\u0085b' }, 'source control_character'],
    [{ source: 'a\u0000' }, 'source unrepresentable'],
    [{ source: 'a'.repeat(REPORT_LIMITS.source + 1) }, 'source too_long'],
    [{ description: 'a'.repeat(REPORT_LIMITS.description + 1) }, 'description too_long'],
    [{ description: 'a\ud800' }, 'description unrepresentable'],
    [{ description: ['a'] }, 'description invalid_type'],
    [{ severity: 'urgent' }, 'severity unknown_severity'],
    [{ severity: null }, 'severity invalid_type'],
    [{ severity: '' }, 'severity required'],
    [{ dedup_key: '' }, 'dedup_key required'],
    [{ dedup_key: 1 }, 'dedup_key invalid_type'],
    [{ dedup_key: 'a'.repeat(REPORT_LIMITS.dedup_key + 1) }, 'dedup_key too_long'],
    [{ evidence: null }, 'evidence invalid_type'],
    [{ evidence: [] }, 'evidence invalid_type'],
    [{ evidence: 'x' }, 'evidence invalid_type'],
    [{ evidence: { note: ['ok', 'a\u0000'] } }, 'evidence.note[1] unrepresentable'],
    [{ evidence: { 'a\u0000': 1 } }, 'evidence["a\\u0000"] unrepresentable'],
    [{ evidence: JSON.parse('{"__proto__":1}') as unknown }, 'evidence.__proto__ unrepresentable'],
    [{ evidence: { at: new Date(0) } }, 'evidence unrepresentable'],
    [{ evidence: { at: undefined } }, 'evidence unrepresentable'],
    [{ evidence: { big: 'a'.repeat(EVIDENCE_LIMITS.entry) } }, 'evidence.big too_long'],
    [{ id: 'INC-1' }, 'id unknown_field'],
    [{ 'a b': 1 }, '["a b"] unknown_field'],
    [{ constructor: 1 }, 'constructor unknown_field'],
  ])('is refused for %j', (over, expected) => {
    expect(refusal({ ...least, ...over })).toEqual([expected]);
  });

  it.each([null, undefined, 1, 'text', [], [least]])('is not %j', (value) => {
    expect(refusal(value)).toEqual([' invalid_type']);
  });

  it('is refused with every field that is wrong', () => {
    const verdict = parseReport({ class: 'x', source: '', severity: 'y', evidence: 1, extra: 1 });
    expect(verdict.ok ? null : verdict.problem).toMatchObject({
      status: 400,
      code: 'validation_failed',
      fields: [
        { path: 'extra', code: 'unknown_field' },
        { path: 'class', code: 'unknown_class' },
        { path: 'source', code: 'required' },
        { path: 'description', code: 'required' },
        { path: 'severity', code: 'unknown_severity' },
        { path: 'evidence', code: 'invalid_type' },
      ],
    });
    const unknown = parseReport({ ...least, extra: 1 });
    expect(unknown.ok ? null : unknown.problem.code).toBe('unknown_field');
  });

  it('counts lengths after trimming', () => {
    const padded = ` ${'a'.repeat(REPORT_LIMITS.source)} `;
    expect(parseReport({ ...least, source: padded }).ok).toBe(true);
  });
});

describe('evidence', () => {
  const entries = (n: number): object => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, i]));

  it('has at most 64 entries', () => {
    expect(parseReport({ ...least, evidence: entries(64) }).ok).toBe(true);
    expect(refusal({ ...least, evidence: entries(65) })).toEqual(['evidence too_many_entries']);
  });

  it('nests arrays and objects at most 4 deep', () => {
    expect(parseReport({ ...least, evidence: { a: nest(4) } }).ok).toBe(true);
    expect(refusal({ ...least, evidence: { a: nest(5) } })).toEqual(['evidence.a.in.in.in.in too_deep']);
    expect(parseReport({ ...least, evidence: { a: [[[[1]]]] } }).ok).toBe(true);
    expect(refusal({ ...least, evidence: { a: [[[[[]]]]] } })).toEqual(['evidence.a[0][0][0][0] too_deep']);
  });

  it('bounds each entry, not their sum', () => {
    const half = 'a'.repeat(EVIDENCE_LIMITS.entry - 2);
    expect(parseReport({ ...least, evidence: { a: half, b: half } }).ok).toBe(true);
    expect(refusal({ ...least, evidence: { a: half, b: `${half}b` } })).toEqual(['evidence.b too_long']);
  });

  it('comes out as the canonical text of what went in', () => {
    const value = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 10 });
    fc.assert(
      fc.property(value, (generated) => {
        const text = JSON.stringify({ ...least, evidence: generated });
        fc.pre(!text.includes('__proto__') && !text.includes('\\u0000'));
        const verdict = parseReport(parseStrictJson(text));
        if (!verdict.ok) throw new Error(JSON.stringify(verdict.problem));
        expect(verdict.evidence).toBe(canonicalJson(verdict.report.evidence));
        expect(JSON.parse(verdict.evidence)).toEqual(verdict.report.evidence);
      }),
    );
  });
});
