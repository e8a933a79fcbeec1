import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BODY_KEPT, BODY_READ, capturable, keptBody, keptText } from '../../../domain/runtime/capture-content.ts';
import { PERMISSIONS } from '../../../domain/identity/roles.ts';

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
const kept = (value: unknown) => keptBody(value, bytesOf(value));

describe('what a capture holds', () => {
  it('is nothing of routes that carry secrets, plain histories or captures', () => {
    const never = PERMISSIONS.filter((action) => !capturable(action));
    expect(
      never.filter((action) => /^(secret|lease|token|key|upstream|history|forensic|debug|runtime)\./.test(action)),
    ).toEqual(never);
    expect(['secret.set', 'lease.use', 'history.decode', 'debug.read', 'open'].some(capturable)).toBe(false);
    expect(capturable('incident.report')).toBe(true);
  });

  it('has no member that is called a secret, no token, no key, wherever they stand and wherever it is cut', () => {
    const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const random = fc
      .array(fc.constantFrom(...Array.from(base64url)), { minLength: 24, maxLength: 60 })
      .map((letters) => `aA1${letters.join('')}`);
    const secret = fc.oneof(
      random.map((text) => ({ note: text, text })),
      random.map((text) => ({ note: `see ilse_${text}, please`, text })),
      fc.stringMatching(/^[a-z]{3} [a-z]{12,20}$/).map((text) => ({ password: text, text })),
      fc.stringMatching(/^[a-z]{12,20}$/).map((text) => ({ note: `Authorization: Basic ${text}`, text })),
      fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => {
        const text = Buffer.from(bytes).toString('hex');
        return { value: text, text };
      }),
    );
    fc.assert(
      fc.property(secret, fc.integer({ min: 0, max: 3 * BODY_KEPT }), ({ text, ...member }, padding) => {
        const body = kept({ list: ['x '.repeat(padding / 2), { deep: member }], member });
        expect(body.text).not.toContain(text);
        expect(body.text).not.toContain(text.slice(0, 20));
        expect(body.redacted).toBeGreaterThanOrEqual(2);
      }),
      { numRuns: 60 },
    );
  });

  it('is at most 64 KiB of UTF-8, its beginning, and says so', () => {
    fc.assert(
      fc.property(fc.constantFrom('a ', 'é ', '😀 '), fc.integer({ min: 1, max: 40_000 }), (text, n) => {
        const value = { text: text.repeat(n) };
        const body = kept(value);
        expect(Buffer.byteLength(body.text ?? '')).toBeLessThanOrEqual(BODY_KEPT);
        expect(JSON.stringify(value).startsWith(body.text ?? '?')).toBe(true);
        expect(body.truncated).toBe(bytesOf(value) > BODY_KEPT);
      }),
      { numRuns: 40 },
    );
  });

  it('is nothing of what could not be read, or is too much to look through', () => {
    expect(keptBody(undefined, 10)).toMatchObject({ text: null, omitted: 'not_json' });
    expect(keptBody(undefined, 0)).toMatchObject({ text: null, omitted: 'empty' });
    expect(keptBody({}, BODY_READ + 1)).toMatchObject({ text: null, omitted: 'too_large' });
  });

  it('leaves digests and ids as they are, and paths without their tokens', () => {
    const said = { record_hash: 'ab'.repeat(32), incident_id: 'INC-20260314-120000-0001', n: [1, true, null] };
    expect(JSON.parse(kept(said).text ?? '')).toEqual(said);
    expect(keptText('/v1/gates/check?gate=agent&token=hunter2')).not.toContain('hunter2');
  });
});
