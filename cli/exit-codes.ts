/** What a script learns from the exit status. */
export const EXIT = {
  done: 0,
  /** The answer is no: closed, not trusted, degraded, not there. */
  no: 1,
  usage: 2,
  pending: 3,
  /** The state of the record forbids it (409), or a gate is closed (423). */
  blocked: 4,
  rejected: 5,
  /** 401 and 403. */
  notPermitted: 6,
  /** The server, or something it depends on, did not answer. */
  unreachable: 7,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code of a refusal by its HTTP status and problem code. */
export function exitCodeOf(status: number, code: string): ExitCode {
  if (code === 'second_person_required') return EXIT.pending;
  switch (status) {
    case 401:
    case 403:
      return EXIT.notPermitted;
    case 404:
      return EXIT.no;
    case 409:
    case 423:
      return EXIT.blocked;
    default:
      return status === 429 || status >= 500 ? EXIT.unreachable : EXIT.usage;
  }
}
