import { describe, expect, it } from 'vitest';
import { isRole, may, PERMISSIONS, ROLES, rolesFor } from '../../../domain/identity/roles.ts';

const readers =
  'viewer operator approver safety_reviewer security_owner incident_commander project_owner auditor org_admin';
const responders = 'operator security_owner incident_commander';

describe('roles', () => {
  it('are the table of actions', () => {
    expect(Object.fromEntries(PERMISSIONS.map((action) => [action, rolesFor(action).join(' ')]))).toEqual({
      'status.read': readers,
      'incident.read': readers,
      'gates.check': readers,
      'adapter.read': readers,
      'incident.report': `reporter ${responders}`,
      'incident.acknowledge': responders,
      'incident.resolve': responders,
      'recovery.ack': responders,
      'recovery.reattest': responders,
      'model.release': responders,
      'adapter.test': `${responders} org_admin`,
      'adapter.lost': `reporter ${responders}`,
      'adapter.put': 'security_owner org_admin',
      'hooks.read': readers,
      'hooks.apply': 'security_owner',
      'delivery.read': readers,
      'delivery.retry': 'operator security_owner incident_commander',
      'adapter.run_command': 'security_owner',
      'adapter.restart': 'operator security_owner incident_commander org_admin',
      'adapter.retire': 'security_owner',
      'attestation.enroll': 'security_owner',
      'attestation.approve_reference': 'security_owner',
      'attestation.retire': 'security_owner',
      'integrity.check': responders,
      'integrity.approve_baseline': 'security_owner',
      'forensic.export': 'security_owner',
      'ledger.read': 'auditor',
      'restore.promote': 'security_owner',
      'policy.reload': 'org_admin',
    });
  });

  it('permit by any one of them, and nothing without', () => {
    expect(may(['viewer', 'reporter'], 'incident.report')).toBe(true);
    expect(may(['viewer'], 'incident.report')).toBe(false);
    expect(may(['reporter'], 'incident.read')).toBe(false);
    for (const action of PERMISSIONS) {
      expect(may([], action)).toBe(false);
      expect(may(ROLES, action)).toBe(true);
    }
  });

  it('are these ten words', () => {
    expect(ROLES).toHaveLength(10);
    expect(isRole('operator')).toBe(true);
    for (const value of ['admin', 'Operator', '', null, 'constructor']) expect(isRole(value)).toBe(false);
  });
});
