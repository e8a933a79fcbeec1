import type { IncomingMessage } from 'node:http';
import { isTtl, LEASE_TTL, SUBJECT_BYTES } from '../domain/secret/lease.ts';
import { isSlotClass, isSlotKind, isSlotName, VALUE_BYTES } from '../domain/secret/slot.ts';
import { DomainError } from '../domain/problem/problem.ts';
import { invalidFields, textProblem } from './fields.ts';
import type { TextRule, ValueRule } from './fields.ts';
import type { Call } from './route.ts';

/** The slot in a path, of one to be found. Errors: secret_not_found. */
export function slotName({ params }: Call): string {
  const slot = params['slot'] ?? '';
  if (!isSlotName(slot)) throw new DomainError('secret_not_found');
  return slot;
}

/** As `slotName`, of one to be set. Errors: validation_failed. */
export function newSlotName({ params }: Call): string {
  const slot = params['slot'] ?? '';
  return isSlotName(slot) ? slot : invalidFields({ path: 'slot', code: 'invalid_value' });
}

/** The subject in a path. Errors: validation_failed. */
export function subjectName({ params }: Call): string {
  const subject = params['id'] ?? '';
  const code = textProblem(subject, SUBJECT);
  return code === null ? subject : invalidFields({ path: 'id', code });
}

const LEASE_ID = /^LSE-\d{8}-[0-9a-f]{16}$/;

/** The lease in a path, or undefined when no lease has such an id. */
export const leaseId = ({ params }: Call): string | undefined =>
  LEASE_ID.test(params['id'] ?? '') ? params['id'] : undefined;

const LEASE_SECRET = /^Bearer +(ilse_[A-Za-z0-9_-]{43})$/i;

/** The secret of a lease, presented as RFC 6750 bearer tokens are; undefined when there is none of that form. */
export const leaseSecret = (req: IncomingMessage): string | undefined =>
  LEASE_SECRET.exec(req.headers.authorization ?? '')?.[1];

export const SUBJECT: TextRule = { max: SUBJECT_BYTES };

/** What a person pasted, lines and all. */
export const VALUE: TextRule = { max: VALUE_BYTES, multiline: true };

const optional =
  (holds: (value: string) => boolean): ValueRule =>
  (value) =>
    value === undefined ? null : typeof value !== 'string' ? 'invalid_type' : holds(value) ? null : 'invalid_value';

export const optionalKind = optional(isSlotKind);
export const optionalClass = optional(isSlotClass);
export const flagProblem: ValueRule = (value) =>
  value === undefined || typeof value === 'boolean' ? null : 'invalid_type';
export const slotRule: ValueRule = (value) => (value === undefined ? 'required' : optional(isSlotName)(value));
export const optionalTtl: ValueRule = (value) =>
  value === undefined || isTtl(value) ? null : typeof value === 'number' ? 'invalid_value' : 'invalid_type';

/** Seconds that were asked for, or the usual ones. */
export const ttlOf = (value: unknown): number => (isTtl(value) ? value : LEASE_TTL.usual);

/** What an outcome says besides that it is one. */
export const without = <T extends object, K extends keyof T>(outcome: T, ...keys: K[]): Omit<T, K> =>
  Object.fromEntries(Object.entries(outcome).filter(([key]) => !keys.some((k) => k === key))) as Omit<T, K>;
