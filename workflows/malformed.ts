import { ApplicationFailure } from '@temporalio/workflow';
import type { DecisionName } from '../domain/process/decision.ts';

const MAX_OPERATOR_BYTES = 256;
const MAX_NOTE_BYTES = 4_096;
const MAX_DECISION_ID = 255;

const isText = (value: unknown, maxBytes: number): value is string =>
  typeof value === 'string' &&
  value.isWellFormed() &&
  !value.includes('\0') &&
  new TextEncoder().encode(value).length <= maxBytes;

const optional = (value: unknown, maxBytes: number): boolean => value === undefined || isText(value, maxBytes);

/** What is wrong with the shape of a decision, or null. Whether it may be taken is for its transaction to say. */
export function malformed(kind: DecisionName, input: unknown): string | null {
  if (input === undefined || input === null) return kind === 'ack' ? 'operator' : null;
  if (typeof input !== 'object') return 'input';
  const { operator, note, containment_binding, decision_id } = input as Record<string, unknown>;
  if (!optional(decision_id, MAX_DECISION_ID) || decision_id === '') return 'decision_id';
  if (kind !== 'ack') return null;
  if (!isText(operator, MAX_OPERATOR_BYTES) || operator.trim() === '') return 'operator';
  if (!optional(note, MAX_NOTE_BYTES)) return 'note';
  return optional(containment_binding, 64) ? null : 'containment_binding';
}

/** A note of 4 KiB, escaped and in base64, with its signatures. */
const MAX_ENVELOPE = 48 * 1024;

/** What is wrong with the shape of a signed signal, or null: whatever it says, it stands in the envelope. */
export function malformedEnvelope(input: { envelope: unknown }): string | null {
  if (Object.keys(input).length > 1) return 'input';
  const { envelope } = input;
  const fits = typeof envelope === 'object' && envelope !== null && JSON.stringify(envelope).length <= MAX_ENVELOPE;
  return fits ? null : 'envelope';
}

/** An update's validator: refuses before anything is written to history. `problem` names the field that is wrong. */
export const refusing =
  (problem: (input: unknown) => string | null) =>
  (input: unknown): void => {
    const field = problem(input);
    if (field === null) return;
    throw ApplicationFailure.create({
      type: 'malformed',
      message: `malformed: ${field}`,
      nonRetryable: true,
      details: [{ field }],
    });
  };

export const refuseMalformed = (kind: DecisionName) => refusing((input) => malformed(kind, input));

const MAX_REASON_BYTES = 1_024;
const MAX_TICKET_BYTES = 256;
const LAST_PCR = 23;
const DIGEST = /^[0-9a-f]{64}$/;

export const isFilled = (value: unknown, maxBytes: number): boolean => isText(value, maxBytes) && value.trim() !== '';

/** What is wrong with the shape of an approval, or null; `pcr`: it has to name one. */
export function malformedApproval(input: unknown, pcr?: 'pcr'): string | null {
  if (typeof input !== 'object' || input === null) return 'input';
  const given = input as Record<string, unknown>;
  const index = given['pcr'];
  const isPcr = Number.isInteger(index) && Number(index) >= 0 && Number(index) <= LAST_PCR;
  if (pcr !== undefined && !isPcr) return 'pcr';
  if (!isFilled(given['reason'], MAX_REASON_BYTES)) return 'reason';
  if (given['ticket'] !== undefined && !isFilled(given['ticket'], MAX_TICKET_BYTES)) return 'ticket';
  const { reviewed } = given;
  return reviewed === undefined || (typeof reviewed === 'string' && DIGEST.test(reviewed)) ? null : 'reviewed';
}
