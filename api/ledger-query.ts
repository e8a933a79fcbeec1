import { invalidFields } from './fields.ts';

const INDEX = /^(?:0|[1-9]\d{0,15})$/;

/** A place in the log or a size of it, in decimal. Errors: validation_failed. */
export function readIndex(value: string | undefined, path: string): number {
  if (value === undefined) return invalidFields({ path, code: 'required' });
  const n = INDEX.test(value) ? Number(value) : NaN;
  return Number.isSafeInteger(n) ? n : invalidFields({ path, code: 'invalid_value' });
}
