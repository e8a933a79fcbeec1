import { z } from 'zod';
import type { Operation } from '../operation.ts';
import { digest } from '../schemas/common.ts';
import { nothing } from '../schemas/instance.ts';
import { issuedToken, token, tokenList, tokenRequest } from '../schemas/tokens.ts';

const tag = 'tokens';
const inPath = { sha256: { about: 'the SHA-256 of the token', schema: digest } };

export const operations: Operation[] = [
  {
    method: 'GET',
    path: '/v1/tokens',
    action: 'token.read',
    id: 'listTokens',
    tag,
    about: 'The tokens of the workspace, newest first, also those that are over.',
    query: {
      limit: { about: '1 to 1000', schema: z.int().min(1).max(1000) },
      cursor: { about: 'from the Link of the page before', schema: z.string() },
    },
    responses: { 200: { about: 'the tokens', schema: tokenList, paged: true } },
    problems: ['validation_failed', 'unknown_field'],
  },
  {
    method: 'POST',
    path: '/v1/tokens',
    action: 'token.issue',
    id: 'issueToken',
    tag,
    about:
      'Issues a token in the workspace. Its text is in this answer and nowhere else. Tokens of the roles security_owner and org_admin are issued on the host.',
    headers: ['Idempotency-Key'],
    body: tokenRequest,
    responses: {
      200: { about: 'it was issued before, and its text was told then', schema: token },
      201: { about: 'the new token', schema: issuedToken },
    },
    problems: ['role_not_issuable', 'idempotency_key_reused'],
  },
  {
    method: 'GET',
    path: '/v1/tokens/:sha256',
    action: 'token.read',
    id: 'getToken',
    tag,
    about: 'A token of the workspace, without its text.',
    inPath,
    responses: { 200: { about: 'the token', schema: token } },
    problems: ['token_not_found'],
  },
  {
    method: 'POST',
    path: '/v1/tokens/:sha256/disable',
    action: 'token.disable',
    id: 'disableToken',
    tag,
    about: 'Disables a token for good: within a second no process accepts it.',
    inPath,
    body: nothing,
    bodyOptional: true,
    responses: { 200: { about: 'the disabled token', schema: token } },
    problems: ['token_not_found'],
  },
];
