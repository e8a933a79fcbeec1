import { describe, expect, it } from 'vitest';
import { isRequest, PEOPLE_ONLY } from '../../../domain/identity/requests.ts';
import { PERMISSIONS } from '../../../domain/identity/roles.ts';

describe('what a pipeline may do', () => {
  it('is said of every permission: a new one is for people until somebody has decided', () => {
    const requests = PERMISSIONS.filter(isRequest);
    expect([...requests, ...PEOPLE_ONLY].sort()).toEqual([...PERMISSIONS].sort());
  });
});
