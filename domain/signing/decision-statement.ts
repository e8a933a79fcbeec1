// A signed decision says where, what, on which containment and until when; anywhere else it is worth nothing.
import { z } from 'zod';
import { may } from '../identity/roles.ts';
import type { Permission } from '../identity/roles.ts';
import { keyRefusal, OPERATOR_KEY_ID } from './operator-key.ts';
import type { KeyStanding } from './operator-key.ts';
import { readPayload } from './statement.ts';

/** The DSSE payload type of a decision. */
export const DECISION_TYPE = 'application/vnd.interlock.decision+json';

/** A signature is good for at most so long. */
export const SIGNED_VALID_MS = 10 * 60_000;

const bytes = (text: string): number => new TextEncoder().encode(text).length;
const text = (max: number) =>
  z
    .string()
    .min(1)
    .refine((v) => bytes(v) <= max && v.isWellFormed() && !v.includes('\0'));

/** The decisions a person may sign, each with its fields. */
const decision = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('ack'),
    operator: text(256).refine((v) => v.trim() !== ''),
    note: z.exactOptional(text(4096)),
  }),
  z.strictObject({ name: z.literal('reattest') }),
  z.strictObject({ name: z.literal('resolve') }),
]);
export type SignableDecision = z.infer<typeof decision>;

const statement = z.strictObject({
  instance: text(256),
  workflow_id: text(512),
  decision,
  containment_binding: z.string().regex(/^[0-9a-f]{64}$/),
  decision_id: text(255),
  key_id: z.string().regex(OPERATOR_KEY_ID),
  not_after: z.iso.datetime(),
});

/** `not_after` is RFC 3339 UTC, at most `SIGNED_VALID_MS` ahead; `decision_id` makes a repeat the same decision. */
export type DecisionStatement = z.infer<typeof statement>;

/** The statement in the payload of an envelope, or null. */
export const readStatement = (payload: Uint8Array): DecisionStatement | null => readPayload(payload, statement);

const PERMISSION: Record<SignableDecision['name'], Permission> = {
  ack: 'recovery.ack',
  reattest: 'recovery.reattest',
  resolve: 'incident.resolve',
};

export type StatementRefusal =
  | 'key_revoked'
  | 'key_expired'
  | 'not_permitted'
  | 'signed_for_another_instance'
  | 'signed_for_another_workflow'
  | 'signed_for_another_decision'
  | 'signature_expired'
  | 'signature_valid_too_long'
  | 'containment_changed';

/** Where the statement arrived; `binding` is that of the locked row, left out where none is asked for yet. */
export interface Arrival {
  instance: string | undefined;
  workflow_id: string;
  name: string;
  now: string;
  binding?: string;
}

/** Why a statement that its key did sign is refused where it arrived, or null. */
export function statementRefusal(s: DecisionStatement, key: KeyStanding, at: Arrival): StatementRefusal | null {
  const standing = keyRefusal(key, at.now);
  if (standing !== null) return standing;
  if (at.instance === undefined || s.instance !== at.instance) return 'signed_for_another_instance';
  if (s.workflow_id !== at.workflow_id) return 'signed_for_another_workflow';
  if (s.decision.name !== at.name) return 'signed_for_another_decision';
  if (!may(key.roles, PERMISSION[s.decision.name])) return 'not_permitted';
  const left = Date.parse(s.not_after) - Date.parse(at.now);
  if (left <= 0) return 'signature_expired';
  if (left > SIGNED_VALID_MS) return 'signature_valid_too_long';
  return at.binding !== undefined && s.containment_binding !== at.binding ? 'containment_changed' : null;
}
