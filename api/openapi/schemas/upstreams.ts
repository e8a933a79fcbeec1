import { z } from 'zod';
import { AUTH_MODES, UPSTREAM_KINDS, UPSTREAM_NAME } from '../../../domain/upstream/definition.ts';
import { PROBES } from '../../../domain/upstream/probes.ts';
import { named } from '../registry.ts';
import { digest, instant } from './common.ts';

export const upstreamName = z.string().regex(UPSTREAM_NAME);
const probeName = named('UpstreamProbeName', z.enum(PROBES));

const probeFound = z.object({
  probe: probeName,
  ok: z.boolean().nullable().describe('null before the first answer'),
  code: z.string().nullable(),
  latency_ms: z.number().nullable(),
  checked_at: instant.nullable(),
  since: instant,
});

export const upstreamList = named(
  'UpstreamList',
  z.object({
    digest: digest.nullable(),
    loaded_at: instant.nullable(),
    upstreams: z.array(
      z.object({
        name: upstreamName,
        kind: z.enum(UPSTREAM_KINDS),
        url: z.string(),
        internal: z.boolean(),
        default: z.boolean(),
        auth: z.enum(AUTH_MODES),
        auth_ref: z.string().nullable().describe('where the credential is, never what'),
        probes: z.array(probeFound),
      }),
    ),
  }),
);

export const upstreamCheck = named(
  'UpstreamCheck',
  z.strictObject({ name: upstreamName.optional(), probes: z.array(probeName).min(1) }),
);
export const upstreamChecked = named(
  'UpstreamChecked',
  z.object({
    results: z.array(
      z.looseObject({ name: upstreamName, probe: probeName, ok: z.boolean(), code: z.string().nullable() }),
    ),
  }),
);

const account = {
  state: z.enum(['logged_in', 'logged_out']),
  issuer: z.string().nullable(),
  scope: z.string().nullable(),
  refreshable: z.boolean(),
  expires_at: instant.nullable(),
};
export const upstreamAccount = named(
  'UpstreamAccount',
  z.object({
    name: upstreamName,
    grant: z.enum(['authorization_code', 'client_credentials']),
    ...account,
    changed_at: instant.nullable(),
    error: z.string().nullable(),
  }),
);
export const upstreamLoggedIn = named(
  'UpstreamLoggedIn',
  z.object({
    ...account,
    state: z.enum(['logged_in', 'staged']).describe('staged: the tokens wait for a rotation of the account'),
  }),
);
export const upstreamLogin = named(
  'UpstreamLogin',
  z.strictObject({
    redirect_uri: z.string().describe('on the loopback of whoever logs in (RFC 8252)'),
    staged: z.boolean().optional().describe('the tokens are kept for a rotation beside those in force'),
  }),
);
export const upstreamLoginBegun = named(
  'UpstreamLoginBegun',
  z.union([z.object({ authorization_url: z.string(), not_after: instant }), upstreamLoggedIn]),
);
export const upstreamCallback = named(
  'UpstreamCallback',
  z.strictObject({
    state: z.string(),
    code: z.string().optional(),
    iss: z.string().optional(),
    error: z.string().optional(),
    error_description: z.string().optional(),
    error_uri: z.string().optional(),
    session_state: z.string().optional(),
    scope: z.string().optional(),
  }),
);
export const upstreamLoggedOut = named(
  'UpstreamLoggedOut',
  z.object({
    state: z.literal('logged_out'),
    revoked: z.boolean().describe('whether the authorization server was told and took it (RFC 7009)'),
    code: z.string().nullable(),
  }),
);
