/** A secret that is not where its reference says, or too short to be one. Says nothing about its value. */
export class SecretError extends Error {
  override readonly name = 'SecretError';
  readonly code = 'secret_unavailable';
}
