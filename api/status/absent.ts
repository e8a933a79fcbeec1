/**
 * Subsystems this instance does not have. Their paths stay, because scripts read them; their values are null, because
 * nothing was measured.
 */
export const ABSENT = {
  policy: { configured: false, profile: null, hash: null, lock: null, pinned: null },
  provider_readiness: { configured: false, active_route_ready: null, error_route_count: null, routes: [] },
  delivery: { configured: false, pending: null, unresolved_dead_lettered: null },
} as const;

/** Reviewed files without a subsystem that reads them. */
export const ABSENT_FILE = { configured: false } as const;

/** Runs are absent; the people that ceremonies wait for are counted all the same. */
export const runs = (waiting_for_user_question: number) => ({
  configured: false,
  running: null,
  queued: null,
  oldest_queued_run_age_ms: null,
  oldest_non_terminal_run_idle_ms: null,
  waiting_for_approval: 0,
  waiting_for_user_question,
});
