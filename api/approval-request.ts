import { optionalDigestProblem, REASON, TICKET } from './fields.ts';

/** The fields that every approval has, as `readFields` checks them. */
export const APPROVAL_RULES = {
  required: { reason: REASON },
  optional: { ticket: TICKET },
  values: { reviewed: optionalDigestProblem },
};

/** Why something is approved, and what the approver has seen of it; the signed version holds trimmed text. */
export function causeOf({ reason, ticket, reviewed }: { reason: string; ticket?: string; reviewed: unknown }) {
  return {
    reason: reason.trim(),
    ...(ticket === undefined ? {} : { ticket: ticket.trim() }),
    ...(typeof reviewed === 'string' ? { reviewed } : {}),
  };
}
