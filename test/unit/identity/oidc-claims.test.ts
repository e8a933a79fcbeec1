import { describe, expect, it } from 'vitest';
import { claimsTable, oidcActor, ruleFor } from '../../../domain/identity/oidc-claims.ts';
import { isRequest, REQUESTER_ROLES } from '../../../domain/identity/requests.ts';
import { may, PERMISSIONS, ROLES } from '../../../domain/identity/roles.ts';

const match = { sub: 'a' };

describe('the claims table', () => {
  it.each(ROLES.filter((role) => !(REQUESTER_ROLES as readonly string[]).includes(role)))(
    'gives nobody the role %s',
    (role) => {
      expect(claimsTable.safeParse([{ match, role }]).success).toBe(false);
    },
  );

  it.each([
    [],
    {},
    [{ match: {}, role: 'viewer' }],
    [{ match: { ref: 'refs/heads/main' }, role: 'viewer' }],
    [{ match: { sub: '' }, role: 'viewer' }],
    [{ match: { sub: ['a'] }, role: 'viewer' }],
    [{ match: { sub: 1 }, role: 'viewer' }],
    [{ match: { sub: 'a', 'not a claim': 'x' }, role: 'viewer' }],
    [{ match, role: 'viewer', roles: ['viewer'] }],
    [{ match, role: 'viewer', workspace: '../x' }],
    [{ match }],
    [
      { match: { sub: 'a', ref: 'b' }, role: 'viewer' },
      { match: { ref: 'b', sub: 'a' }, role: 'operator' },
    ],
  ])('is not %j', (table) => {
    expect(claimsTable.safeParse(table).success).toBe(false);
  });

  it('matches exact values, and the first rule decides', () => {
    const rules = claimsTable.parse([
      { match: { sub: 'a', environment: 'production' }, role: 'operator', workspace: 'lab' },
      { match, role: 'viewer' },
    ]);
    expect(ruleFor(rules, { sub: 'a', environment: 'production' })).toMatchObject({
      role: 'operator',
      workspace: 'lab',
    });
    expect(ruleFor(rules, { sub: 'a', environment: 'PRODUCTION' })).toMatchObject({
      role: 'viewer',
      workspace: 'default',
    });
    expect(ruleFor(rules, { sub: 'ab' })).toBeUndefined();
    expect(ruleFor(rules, Object.create({ sub: 'a' }) as Record<string, unknown>)).toBeUndefined();
  });
});

describe('a pipeline', () => {
  it('has a name that is printable, bounded and never cut', () => {
    expect(oidcActor('ci.example', 'repo:a/b')).toBe('oidc:ci.example:repo:a/b');
    for (const sub of ['', ' ', 'a b', 'a\n', 'ä', 'x'.repeat(256), 7, undefined])
      expect(oidcActor('h', sub)).toBeUndefined();
  });

  it('decides nothing: what it may do is listed, and settles, acknowledges and approves nothing', () => {
    const permitted = PERMISSIONS.filter((p) => isRequest(p) && may(REQUESTER_ROLES, p));
    expect(permitted.sort()).toEqual([
      'adapter.lost',
      'adapter.read',
      'adapter.test',
      'export.cancel',
      'export.read',
      'export.request',
      'gates.check',
      'incident.read',
      'incident.report',
      'integrity.check',
      'recovery.reattest',
      'registry.put',
      'registry.read',
      'rotation.read',
      'status.read',
    ]);
  });
});
