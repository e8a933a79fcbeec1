import type { ProblemCode } from '../../../domain/problem/codes.ts';
import type { Operation } from '../operation.ts';
import { nothing } from '../schemas/instance.ts';
import {
  upstreamAccount,
  upstreamCallback,
  upstreamCheck,
  upstreamChecked,
  upstreamList,
  upstreamLoggedIn,
  upstreamLoggedOut,
  upstreamLogin,
  upstreamLoginBegun,
  upstreamName,
} from '../schemas/upstreams.ts';

const tag = 'upstreams';
const inPath = { name: { about: 'the name of the upstream', schema: upstreamName } };
const problems: ProblemCode[] = [
  'upstream_not_found',
  'upstream_without_account',
  'upstream_account_failed',
  'upstream_worker_unreachable',
];
const account = { tag, inPath, action: 'upstream.account', problems } as const;

export const operations: Operation[] = [
  {
    method: 'GET',
    path: '/v1/upstreams',
    action: 'upstream.read',
    id: 'listUpstreams',
    tag,
    about: 'What Interlock calls with a credential, and what each probe last found.',
    responses: { 200: { about: 'what is loaded', schema: upstreamList } },
  },
  {
    method: 'POST',
    path: '/v1/upstreams/check',
    action: 'upstream.check',
    id: 'checkUpstreams',
    tag,
    about: 'Probes upstreams now: whether they answer, whether references lead to a value, whether credentials count.',
    body: upstreamCheck,
    responses: { 200: { about: 'what was found', schema: upstreamChecked } },
    problems: ['upstream_not_found', 'upstream_account_failed', 'upstream_worker_unreachable'],
  },
  {
    method: 'GET',
    path: '/v1/upstreams/:name/account',
    action: 'upstream.read',
    id: 'getUpstreamAccount',
    tag,
    about: 'Whether somebody has logged in to the OAuth account of an upstream, and until when that counts.',
    inPath,
    responses: { 200: { about: 'the account', schema: upstreamAccount } },
    problems: ['upstream_not_found', 'upstream_without_account'],
  },
  {
    ...account,
    method: 'POST',
    path: '/v1/upstreams/:name/login',
    id: 'beginUpstreamLogin',
    about: 'Begins a login by authorization code and PKCE, or takes tokens by the credentials of the client.',
    body: upstreamLogin,
    responses: { 200: { about: 'where the person has to go, or the account', schema: upstreamLoginBegun } },
  },
  {
    ...account,
    method: 'POST',
    path: '/v1/upstreams/:name/callback',
    id: 'finishUpstreamLogin',
    about: 'Ends a login with what the authorization server sent to the loopback address.',
    body: upstreamCallback,
    responses: { 200: { about: 'the account', schema: upstreamLoggedIn } },
  },
  {
    ...account,
    method: 'POST',
    path: '/v1/upstreams/:name/refresh',
    id: 'refreshUpstreamLogin',
    about: 'Takes new tokens for the old ones.',
    body: nothing,
    bodyOptional: true,
    responses: { 200: { about: 'the account', schema: upstreamLoggedIn } },
  },
  {
    ...account,
    method: 'POST',
    path: '/v1/upstreams/:name/logout',
    id: 'endUpstreamLogin',
    about: 'Forgets the tokens and has them revoked.',
    body: nothing,
    bodyOptional: true,
    responses: { 200: { about: 'what became of them', schema: upstreamLoggedOut } },
  },
];
