import { describe, expect, it } from 'vitest';
import { isTokenUser, isUser, ITSELF } from '../../../domain/identity/user.ts';

describe('the name of a user', () => {
  it.each(['vera', 'vera@example.org', 'adapter', 'a:b'])('may be %s', (name) => {
    expect([isUser(name), isTokenUser(name)]).toEqual([true, true]);
  });

  it.each([...ITSELF, 'adapter:guard', 'oidc:ci.example:main', 'offline:root', '', 'a b', 'x'.repeat(129)])(
    'is never "%s"',
    (name) => expect([isUser(name), isTokenUser(name)]).toEqual([false, false]),
  );

  it.each(['local-operator', 'admin-token', 'readonly-token'])('of a token on record is never %s', (name) => {
    expect([isUser(name), isTokenUser(name)]).toEqual([true, false]);
  });
});
