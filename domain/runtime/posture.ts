// In `dont-ask` nobody waits for an approval: it is refused at once, unless it is part of a recovery.

export const PERMISSION_MODES = ['ask', 'dont-ask'] as const;
export type PermissionMode = (typeof PERMISSION_MODES)[number];

/** What holds where nobody has decided. */
export const DEFAULT_MODE: PermissionMode = 'ask';

/**
 * Actions by two people that bring trust back: a node that is lost is retired or replaced, a restored record is promoted. The
 * posture is taken during an incident, and refusing these would leave no way out of it. All else that waits for an approver
 * (exports, changes of policy, runs, taking an adapter out of containment) only adds to what can go wrong meanwhile.
 */
export const RECOVERY_APPROVALS: readonly string[] = ['attestation.retire', 'attestation.replace', 'restore.promote'];

/** Whether an approval that would be left pending is refused: `approval_refused`. `action` is the word of the approval. */
export const refusesApproval = (mode: PermissionMode, action: string): boolean =>
  mode === 'dont-ask' && !RECOVERY_APPROVALS.includes(action);
