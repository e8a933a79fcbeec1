import type { Role } from '../../domain/identity/roles.ts';
import type { IncidentClass } from '../../domain/containment/types.ts';

/** Who was authenticated, and what the proof of it allows. */
export interface Principal {
  actor: string;
  roles: readonly Role[];
  /** The token's workspace; undefined where the caller may name any: in loopback trust. */
  workspace_id: string | undefined;
  /** A reporter's token is bound to what it may report. */
  report_source?: string;
  report_classes?: readonly IncidentClass[];
  /** A pipeline: whatever its role, it asks, and people decide. */
  requests_only?: true;
}
