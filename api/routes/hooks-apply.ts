import { applyHooks } from '../../db/command/apply-hooks.ts';
import { isSha256Hex } from '../../domain/canonical/hash.ts';
import { parseHooks } from '../../domain/hook/hooks.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidFields, readFields } from '../fields.ts';
import { requireInstance } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const digestProblem = (value: unknown): string | null =>
  value === undefined ? 'required' : typeof value === 'string' && isSha256Hex(value) ? null : 'invalid_value';

/** The set is what takes effect, the digest is what was reviewed: both have to be the same. */
async function handler({ req, caller }: Call, { db, log }: ApiDeps): Promise<Reply> {
  requireInstance(caller);
  const rules = { required: {}, optional: {}, values: { set: () => null, digest: digestProblem } };
  const { set, digest } = readFields(await readJson(req), rules);
  const parsed = parseHooks(set);
  if (!parsed.ok) return invalidFields(...parsed.fields.map(({ path, code }) => ({ path: `set.${path}`, code })));
  const applied = await applyHooks(db, caller, parsed.set, digest as string);
  if (!applied.ok) throw new DomainError(applied.code, { detail: `the digest of what was sent is ${applied.digest}` });
  log.info({ event: 'hooks.applied', digest: applied.digest, actor: caller.actor });
  return ok({ status: 'applied', digest: applied.digest, hooks: parsed.set.hooks.length });
}

export const route: Route = { method: 'PUT', path: '/v1/hooks', action: 'hooks.apply', handler };
