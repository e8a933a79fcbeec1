/** Who asks: `actor` was authenticated, `on_behalf_of` is whom they claim to act for. */
export interface Caller {
  workspace_id: string;
  actor: string;
  on_behalf_of: string | null;
}

/** The workspace of what belongs to the instance itself: nodes, baselines, policies, and what its own watches report. */
export const INSTANCE = 'system';

/** Nobody whom a signature, a token or trust has named. */
export const UNAUTHENTICATED = 'unauthenticated';

/** The instance's own incidents belong to `system`; the workspace `default` sees and decides them too. */
export const visibleWorkspaces = (workspace_id: string): string[] =>
  workspace_id === 'default' ? ['default', INSTANCE] : [workspace_id];

/** Whose roles decide about what belongs to a workspace: its own, and for the instance's those of `default`. */
export const decidingWorkspaces = (workspace_id: string): string[] =>
  workspace_id === INSTANCE ? ['default', INSTANCE] : [workspace_id];
