/**
 * `held`: another supervisor has the state root. `port_taken`: someone else listens there. `setup_failed`: a server
 * could not be prepared. `not_ready`: not up in time. `stopped`: asked to stop while starting.
 */
export type SupervisorErrorCode = 'held' | 'port_taken' | 'setup_failed' | 'not_ready' | 'stopped';

/** Why a stack did not start, in one line an operator can act on. */
export class SupervisorError extends Error {
  override readonly name = 'SupervisorError';
  readonly code: SupervisorErrorCode;

  constructor(code: SupervisorErrorCode, line: string, options?: ErrorOptions) {
    super(line, options);
    this.code = code;
  }
}
