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
      'incident.checklist': responders,
      'recovery.ack': responders,
      'recovery.reattest': responders,
      'export.read': readers,
      'export.request': 'operator',
      'export.approve': 'approver safety_reviewer security_owner incident_commander project_owner org_admin',
      'export.reject': 'approver safety_reviewer security_owner incident_commander project_owner org_admin',
      'export.cancel': 'operator project_owner org_admin',
      'registry.read': readers,
      'registry.put': 'operator project_owner security_owner org_admin',
      'registry.publish': 'operator project_owner security_owner org_admin',
      'registry.restore': 'operator project_owner security_owner org_admin',
      'registry.verify': 'operator security_owner incident_commander project_owner auditor org_admin',
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
      'waiver.read': readers,
      'waiver.grant': 'safety_reviewer security_owner',
      'waiver.revoke': 'safety_reviewer security_owner incident_commander',
      'override.read': readers,
      'override.open': 'security_owner incident_commander',
      'override.clear': 'security_owner incident_commander',
      'override.review': 'security_owner incident_commander org_admin',
      'attestation.enroll': 'security_owner',
      'attestation.approve_reference': 'security_owner',
      'attestation.retire': 'security_owner',
      'integrity.check': responders,
      'integrity.approve_baseline': 'security_owner',
      'forensic.export': 'security_owner',
      'evidence.read': `auditor ${responders}`,
      'evidence.collect': `auditor ${responders}`,
      'ledger.read': 'auditor',
      'rotation.read': readers,
      'rotation.start': 'security_owner org_admin',
      'rotation.abandon': 'security_owner',
      'secret.read': `${responders} auditor org_admin`,
      'secret.set': 'security_owner org_admin',
      'lease.issue': `${responders} org_admin`,
      'lease.revoke': responders,
      'lease.use': ROLES.join(' '),
      'runtime.read': readers,
      'runtime.tighten': responders,
      'runtime.loosen': 'security_owner incident_commander',
      'debug.read': 'security_owner auditor',
      'debug.prune': 'security_owner',
      'history.decode': `${responders} auditor`,
      'key.read': readers,
      'key.register': readers,
      'key.register_other': 'org_admin',
      'key.revoke': readers,
      'key.revoke_other': 'security_owner org_admin',
      'restore.promote': 'security_owner',
      'doctor.run': readers,
      'upstream.read': readers,
      'upstream.check': `${responders} org_admin`,
      'upstream.account': 'security_owner org_admin',
      'policy.reload': 'org_admin',
      'token.read': 'security_owner org_admin auditor',
      'token.issue': 'security_owner org_admin',
      'token.disable': 'security_owner org_admin incident_commander',
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
