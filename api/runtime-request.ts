import { invalidFields } from './fields.ts';

const WINDOW_ID = /^CAP-\d{8}-[0-9a-f]{8}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

export const isWindowId = (value: unknown): value is string => typeof value === 'string' && WINDOW_ID.test(value);
export const isInstant = (value: unknown): value is string =>
  typeof value === 'string' && INSTANT.test(value) && !Number.isNaN(Date.parse(value));

/** The id of a capture window, as it is named in a query. Errors: validation_failed. */
export const windowRule = (value: string, path: string): string =>
  isWindowId(value) ? value : invalidFields({ path, code: 'invalid_value' });
