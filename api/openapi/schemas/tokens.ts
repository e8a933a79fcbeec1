import { z } from 'zod';
import { isIssuable, ROLES } from '../../../domain/identity/roles.ts';
import { named } from '../registry.ts';
import { digest, incidentClass, instant, text } from './common.ts';

export const tokenRequest = named(
  'TokenRequest',
  z.strictObject({
    user: z
      .string()
      .regex(/^[\x21-\x7e]{1,128}$/)
      .describe('whom the token speaks for'),
    roles: z.array(z.enum(ROLES.filter(isIssuable))).min(1),
    label: text(256).optional(),
    source: text(256).optional().describe('the only source that it may report'),
    classes: z.array(incidentClass).min(1).optional().describe('the only classes that it may report'),
    expires_in: z
      .string()
      .regex(/^[1-9]\d{0,6}[mhd]$/)
      .optional()
      .describe('45m, 12h, 30d; 1m to 366d, by default 90d'),
  }),
);

const view = {
  token_sha256: digest,
  user: z.string(),
  roles: z.array(z.enum(ROLES)),
  workspace_id: z.string(),
  label: z.string().nullable(),
  source: z.string().nullable(),
  classes: z.array(incidentClass).nullable(),
  state: z.enum(['active', 'expired', 'disabled']),
  created_at: instant,
  not_after: instant,
  issued_by: z.string(),
  disabled_at: instant.nullable(),
  disabled_by: z.string().nullable(),
};

export const token = named('Token', z.object(view));
export const tokenList = named('TokenList', z.array(token));
export const issuedToken = named(
  'IssuedToken',
  z.object({ token: z.string().describe('the token itself, told this once'), ...view }),
);
