import type { z } from 'zod';
import { PROBLEMS } from '../../domain/problem/codes.ts';
import type { ProblemCode } from '../../domain/problem/codes.ts';
import { PROBLEM_TYPE } from '../reply.ts';
import type { Operation } from './operation.ts';

type Json = Record<string, unknown>;

const LINK = { description: 'RFC 8288, rel="next": the next page', schema: { type: 'string' } };

/** What any route refuses, by its kind. */
function commonProblems({ action, body }: Operation): ProblemCode[] {
  return [
    'proxied_without_auth',
    'forbidden_host',
    'forbidden_origin',
    'cors_origin_rate_limited',
    'internal',
    'database_unreachable',
    ...(action === 'open'
      ? []
      : action === 'signed'
        ? (['unauthenticated'] as const)
        : (['unauthenticated', 'not_permitted', 'auth_rate_limited', 'oidc_unreachable'] as const)),
    ...(body === undefined
      ? []
      : ([
          'malformed_json',
          'repeated_key',
          'unrepresentable',
          'too_deep',
          'unknown_field',
          'validation_failed',
          'payload_too_large',
          'unsupported_media_type',
        ] as const)),
  ];
}

/** The responses of an operation: its own, then one per status of its refusals with their codes. */
export function responsesOf(operation: Operation, ref: (schema: z.ZodType) => Json, problem: Json): Json {
  const out: Json = {};
  for (const [status, { about, schema, type = 'application/json', paged }] of Object.entries(operation.responses))
    out[status] = {
      description: about,
      ...(paged === true ? { headers: { Link: LINK } } : {}),
      content: { [type]: { schema: ref(schema) } },
    };
  const codes = [...new Set([...commonProblems(operation), ...(operation.problems ?? [])])];
  for (const [status, group] of Map.groupBy(codes, (code) => String(PROBLEMS[code].status)))
    out[status] ??= {
      description: group.map((code) => `\`${code}\``).join(', '),
      content: { [PROBLEM_TYPE]: { schema: problem } },
    };
  return out;
}
