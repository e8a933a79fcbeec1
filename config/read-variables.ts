import { z } from 'zod';
import { ConfigError } from './config-error.ts';
import { scriptVariables, variables } from './variables.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Switches that would stay on after whoever set them had left: an override is asked for under a ticket, and ends by itself. */
const REPLACED: Readonly<Record<string, string>> = {
  HELIX_REGISTRY_ALLOW_UNREGISTERED_EXPORT: 'interlock export override --ticket T --for 30m --reason R',
  INTERLOCK_REGISTRY_ALLOW_UNREGISTERED_EXPORT: 'interlock export override --ticket T --for 30m --reason R',
};

/**
 * Refuses `INTERLOCK_*` names nobody reads and empty values: a misspelt or blank variable would otherwise leave its
 * default in force without a word. What a command took the place of is refused with that command.
 * @throws ConfigError `refused`, `unknown`, `empty`
 */
export function refuseStrayVariables(environment: Environment): void {
  for (const [name, value] of Object.entries(environment)) {
    const command = Object.hasOwn(REPLACED, name) ? REPLACED[name] : undefined;
    if (command !== undefined) throw new ConfigError('refused', name, `is not read; use ${command}`);
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
