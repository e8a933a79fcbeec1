export type ConfigErrorCode = 'unknown' | 'empty' | 'missing' | 'malformed' | 'refused';

/**
 * A start that the environment forbids. `variable` is the `INTERLOCK_*` name to correct; the message names it too and
 * never repeats the value, which may be a secret.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: ConfigErrorCode;
  readonly variable: string;

  constructor(code: ConfigErrorCode, variable: string, sentence: string) {
    super(`${variable} ${sentence}`);
    this.code = code;
    this.variable = variable;
  }
}
