import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { authenticate, LOCAL_OPERATOR } from '../../../api/auth/authenticate.ts';
import type { Authentication } from '../../../api/auth/authenticate.ts';
import type { Principal } from '../../../api/auth/principal.ts';
import type { AuthEvent } from '../../../api/auth/trail.ts';
import { tokenDigest } from '../../../db/command/tokens.ts';

const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjaSJ9.c2ln';
const who = (actor: string): Principal => ({ actor, roles: ['viewer'], workspace_id: 'default' });

const asking = (authorization?: string) =>
  ({
    headers: authorization === undefined ? {} : { authorization },
    socket: { remoteAddress: '192.0.2.7' },
  }) as unknown as IncomingMessage;

/** Every way in, and what each of them was asked. */
function door(over: Partial<Authentication> = {}) {
  const asked: string[] = [];
  const events: AuthEvent[] = [];
  const way = (name: string, known: string) => (token: string) => {
    asked.push(name);
    return Promise.resolve(token === known ? who(name) : undefined);
  };
  const auth: Authentication = {
    loopbackTrust: false,
    tokens: () => Promise.resolve(new Map([[tokenDigest('filed'), who('filed')]])),
    issued: way('issued', 'ours'),
    oidc: way('oidc', JWT),
    trail: { write: (event) => void events.push(event), close: () => undefined },
    ...over,
  };
  return { auth, asked, events };
}

describe('who asks', () => {
  it.each([
    ['filed', 'filed', []],
    ['ours', 'issued', ['issued']],
    [JWT, 'oidc', ['oidc']],
  ])('is told by the one way in that knows %s', async (token, actor, ways) => {
    const { auth, asked, events } = door();
    expect(await authenticate(asking(`Bearer ${token}`), auth)).toMatchObject({ actor });
    expect([asked, events]).toEqual([ways, []]);
  });

  it.each([undefined, 'Basic dmVyYTo=', 'Bearer other', `Bearer ${JWT}x`, 'Bearer eyJ.eyJ'])(
    'is nobody with %s, which the trail says without repeating it',
    async (header) => {
      const { auth, events } = door();
      await expect(authenticate(asking(header), auth)).rejects.toMatchObject({ code: 'unauthenticated' });
      const presented = header !== undefined;
      expect(events).toEqual([{ code: 'unauthenticated', source: '192.0.2.7', detail: { presented } }]);
    },
  );

  it('is the local operator in loopback trust, but a token that is presented is judged', async () => {
    const { auth } = door({ loopbackTrust: true });
    expect(await authenticate(asking(), auth)).toBe(LOCAL_OPERATOR);
    expect(await authenticate(asking('Bearer ours'), auth)).toMatchObject({ actor: 'issued' });
    await expect(authenticate(asking('Bearer other'), auth)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});
