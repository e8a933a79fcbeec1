import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HOST_ISSUED, isIssuable, ROLES } from '../../../domain/identity/roles.ts';
import { isTokenText, readLifetime, tokenText } from '../../../domain/identity/token.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
const fresh = () => tokenText(randomBytes(32).toString('base64url'), sha256);

describe('tokens', () => {
  it('are told apart from what was mistyped without asking anybody', () => {
    const token = fresh();
    expect(token).toMatch(/^ilk_[\w-]{51}$/);
    expect(isTokenText(token, sha256)).toBe(true);
    for (let i = 0; i < token.length; i++) {
      const other = token[i] === 'a' ? 'b' : 'a';
      expect(isTokenText(token.slice(0, i) + other + token.slice(i + 1), sha256)).toBe(false);
    }
    for (const text of ['', 'ilk_', `${token}\n`, ` ${token}`, token.toUpperCase(), token.slice(0, -1)])
      expect(isTokenText(text, sha256)).toBe(false);
  });

  it('are not made of less than 32 bytes', () => {
    expect(() => tokenText(randomBytes(31).toString('base64url'), sha256)).toThrow();
  });

  it.each([
    ['30d', 30 * 86_400],
    ['12h', 12 * 3600],
    ['1m', 60],
    ['366d', 366 * 86_400],
  ])('live for %s', (text, seconds) => expect(readLifetime(text)).toBe(seconds));

  it.each(['', '0d', '367d', '30', '-1d', '1.5h', '30 d', '1y', '30d ', '9999999m'])('do not live for "%s"', (text) =>
    expect(readLifetime(text)).toBeUndefined(),
  );

  it('of the two people of what takes two are not given over the network', () => {
    expect(ROLES.filter((role) => !isIssuable(role)).sort()).toEqual([...HOST_ISSUED].sort());
  });
});
