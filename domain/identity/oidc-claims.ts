// Which role a pipeline's claims give it: reviewed rules, exact values, the first rule that matches.
import { z } from 'zod';
import { REQUESTER_ROLES } from './requests.ts';

/**
 * Claims that say whose pipeline it is. An issuer that serves the whole world signs `ref: refs/heads/main` for anyone, so
 * a rule names at least one of these.
 */
const OWNERS = [
  'sub',
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'project_path',
  'project_id',
  'namespace_path',
  'namespace_id',
];

const MOST_RULES = 256;
const MOST_CLAIMS = 16;

const claimName = z.string().regex(/^[A-Za-z][A-Za-z0-9_.:/-]{0,127}$/);
const claimValue = z.string().min(1).max(512);

const rule = z.strictObject({
  match: z
    .record(claimName, claimValue)
    .refine((match) => Object.keys(match).length <= MOST_CLAIMS, `names more than ${MOST_CLAIMS} claims`)
    .refine((match) => OWNERS.some((name) => Object.hasOwn(match, name)), `names none of ${OWNERS.join(', ')}`),
  role: z.enum(REQUESTER_ROLES, `is none of ${REQUESTER_ROLES.join(', ')}: a pipeline never approves`),
  workspace: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/)
    .default('default'),
});

/** `[{match: {claim: value}, role, workspace}]`: all claims of a rule have to have exactly their values. */
export const claimsTable = z
  .array(rule)
  .min(1)
  .max(MOST_RULES)
  .refine((rules) => new Set(rules.map(matchKey)).size === rules.length, 'the same claims are matched twice');

export type ClaimsRule = z.output<typeof rule>;

const matchKey = ({ match }: { match: Record<string, string> }): string =>
  JSON.stringify(Object.entries(match).sort(([a], [b]) => (a < b ? -1 : 1)));

/** The first rule whose claims all have their values; a claim that is no string matches nothing. */
export function ruleFor(
  rules: readonly ClaimsRule[],
  claims: Readonly<Record<string, unknown>>,
): ClaimsRule | undefined {
  return rules.find(({ match }) =>
    Object.entries(match).every(([name, value]) => Object.hasOwn(claims, name) && claims[name] === value),
  );
}

const SUBJECT = /^[\x21-\x7e]{1,255}$/;

/**
 * The name of a pipeline in the record: `oidc:<issuer host>:<sub>`. Undefined for a subject that is not 1 to 255 printable
 * ASCII characters without blanks: cut or rewritten it could be another's.
 */
export const oidcActor = (issuerHost: string, sub: unknown): string | undefined =>
  typeof sub === 'string' && SUBJECT.test(sub) ? `oidc:${issuerHost}:${sub}` : undefined;
