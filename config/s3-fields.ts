import { isIP } from 'node:net';
import { z } from 'zod';
import { addressKind, mayReach } from '../domain/egress/address.ts';
import { count, serverUrl } from './fields.ts';

/** Where an S3 server answers. The start names it, so it may be of the own network; what is no host's address is refused. */
export const s3Endpoint = serverUrl
  .refine((value) => {
    const host = new URL(value).hostname.replace(/^\[|\]$/g, '');
    return isIP(host) === 0 || mayReach(addressKind(host), true);
  })
  .transform((value) => new URL(value).origin);

/** The name of a bucket, as S3 has it. */
export const s3Bucket = z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/);

const days = count.refine((value) => value <= 36_500);

/** `governance:DAYS` or `compliance:DAYS`. */
export const s3Retention = z.string().transform((value, context) => {
  const [mode, text, ...more] = value.split(':');
  const parsed = days.safeParse(text);
  if ((mode === 'governance' || mode === 'compliance') && parsed.success && more.length === 0)
    return { mode: mode === 'governance' ? ('GOVERNANCE' as const) : ('COMPLIANCE' as const), days: parsed.data };
  context.addIssue({ code: 'custom', message: 'is no retention' });
  return z.NEVER;
});
