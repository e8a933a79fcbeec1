import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactJson, redactText } from '../../../domain/evidence/redact.ts';

// Put together here, so that whoever searches the repository for secrets finds none.
const JWT = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiJtZSJ9', 'c2lnbmF0dXJl'].join('.');
const PEM = ['-----BEGIN EC PRIVATE', ' KEY-----\nMHcCAQEE\nIIrY\n-----END EC PRIVATE', ' KEY-----'].join('');
const WHSEC = ['whsec', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'].join('_');
const ILK = ['ilk', 'v1.c2VjcmV0LXRva2Vu'].join('_');
const LEASE = ['ilse', 'c2VjcmV0LW9mLWEtbGVhc2U'].join('_');
const SECRETS = { JWT, PEM, WHSEC, ILK, LEASE };

const around = fc.string({ unit: fc.constantFrom('a', ' ', '\n', '"', ':', ',', 'é', '=', '{', '/') });

describe('what looks like a secret', () => {
  it.each(Object.entries(SECRETS))('is replaced wherever it stands: %s', (_name, secret) => {
    fc.assert(
      fc.property(around, around, (before, after) => {
        const { value, count } = redactText(`${before} ${secret} ${after}`);
        expect(count).toBeGreaterThan(0);
        for (const part of secret.split(/[\n.]/).filter((p) => p.length > 4 && !p.startsWith('-----')))
          expect(value).not.toContain(part);
      }),
    );
  });

  it.each([
    'Authorization: Bearer abcdefgh12345678',
    'authorization=Basic dXNlcjpodW50ZXIyMjI=',
    '{"authorization":"Basic dXNlcjpodW50ZXIyMjI="}',
    'curl -H "Authorization: Bearer hunter222hunter222" x',
    'bearer hunter222hunter222',
    'Set-Cookie: sid=hunter222; Path=/',
    'password=hunter222',
    "db_password: 'hunter222'",
    'api_key = "hunter222 and more"',
    'client_secret=hunter222&grant=x',
    'X-Access-Token: hunter222',
    '--token=hunter222',
    'postgres://me:hunter222@db/x',
    'token=nonesuch-hunter222',
    'token=set-hunter222',
  ])('is replaced by its name: %s', (text) => {
    const { value, count } = redactText(text);
    expect(count).toBeGreaterThan(0);
    expect(value).not.toMatch(/hunter222|abcdefgh|dXNlcjpod/);
  });

  it.each([
    'token: set',
    'registry_token: missing',
    's3_credentials: present',
    'secret_ref: file:/run/secrets/adapter',
    'the token of the reporter was disabled',
    'INC-20260314-120000-0001 subject agent:7 sha256:0123456789abcdef',
  ])('is not what only speaks of one: %s', (text) => {
    expect(redactText(text)).toEqual({ value: text, count: 0 });
  });

  it('a replaced text is not replaced again', () => {
    const once = redactText(`password=a ${Object.values(SECRETS).join(' ')} Authorization: Bearer abcdefghij`).value;
    expect(redactText(once).value).toBe(once);
  });
});

describe('a JSON value', () => {
  it('loses what its members are called by, at any depth, and keeps what status says', () => {
    const value = {
      registry: { token: 'set', url: 'https://r' },
      a: [{ client_secret: 'hunter222' }, { credentials: ['one', 'two'] }],
      secret_ref: 'file:/run/x',
      note: `see ${ILK}`,
      count: 3,
    };
    expect(redactJson(value)).toEqual({
      count: 4,
      value: {
        registry: { token: 'set', url: 'https://r' },
        a: [{ client_secret: '[redacted]' }, { credentials: ['[redacted]', '[redacted]'] }],
        secret_ref: 'file:/run/x',
        note: 'see [redacted]',
        count: 3,
      },
    });
  });

  it('is looked into where Temporal encoded it, and left as it is where there is none', () => {
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
    const payload = (value: unknown) => ({ metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: encoded(value) });
    const given = { payloads: [payload({ password: 'hunter222', id: 1 }), payload({ id: ' two ' })] };
    const { value, count } = redactJson(given);
    expect(count).toBe(1);
    expect(value).toEqual({ payloads: [payload({ password: '[redacted]', id: 1 }), given.payloads[1]] });
    const opaque = { metadata: { encoding: 'x' }, data: Buffer.from([0xff, 0xfe, 1]).toString('base64') };
    expect(redactJson(opaque)).toEqual({ value: opaque, count: 0 });
  });
});
