import type { DecisionKey } from '../db/command/decisions.ts';
import type { TwoPersonAction } from '../db/command/two-person.ts';
import { decisionKey } from './decision-key.ts';
import { isSingleOperator } from './instance.ts';
import type { Reply } from './reply.ts';
import type { Call } from './route.ts';

/** A request for what takes two people, about one object, as its command takes it. */
export function twoPersonRequest(
  { req, principal }: Call,
  kind: string,
  { object, reason, confirm }: { object: string; reason: string; confirm: string | undefined },
): Omit<TwoPersonAction, 'action'> & { key: DecisionKey } {
  return {
    object,
    reason: reason.trim(),
    single_operator: isSingleOperator(principal),
    ...(confirm === undefined ? {} : { confirm }),
    key: decisionKey(req, { kind, object, reason, confirm: confirm ?? null }),
  };
}

/** The first of two people was heard; nothing happens before the second. */
export const secondPersonRequired: Reply = { status: 202, body: { status: 'second_person_required' } };
