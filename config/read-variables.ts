import { z } from 'zod';
import { ConfigError } from './config-error.ts';
import { scriptVariables, variables } from './variables.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Refuses `INTERLOCK_*` names nobody reads and empty values: a misspelt or blank variable would otherwise leave its
 * default in force without a word.
 * @throws ConfigError `unknown`, `empty`
 */
export function refuseStrayVariables(environment: Environment): void {
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith('INTERLOCK_')) continue;
    if (!(name in variables) && !scriptVariables.includes(name)) {
      throw new ConfigError('unknown', name, 'is not a variable of Interlock');
    }
    if (value?.trim() === '') throw new ConfigError('empty', name, 'is set but empty');
  }
}

/**
 * Parses the variables of a table of zod schemas.
 * @throws ConfigError `missing`, `malformed`
 */
export function readVariables<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: Environment,
): z.output<z.ZodObject<Shape>> {
  const parsed = z.object(shape).safeParse(environment);
  if (parsed.success) return parsed.data;
  const name = String(parsed.error.issues[0]?.path[0]);
  if (environment[name] === undefined) throw new ConfigError('missing', name, 'is not set and has no default');
  throw new ConfigError('malformed', name, 'has a value of the wrong form');
}
