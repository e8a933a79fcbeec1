import { resolve } from 'node:path';
import { z } from 'zod';
import { parseMasterKey } from './master-key.ts';
import { isLoopback } from './loopback.ts';

/** TCP port, 1 to 65535. */
export const port = z
  .string()
  .regex(/^[1-9][0-9]{0,4}$/)
  .transform(Number)
  .refine((value) => value <= 65_535);

/** `1`, `true`, `0` or `false`. */
export const flag = z.enum(['1', 'true', '0', 'false']).transform((value) => value === '1' || value === 'true');

/** Comma-separated words; blanks around them don't count. */
export const list = z
  .string()
  .transform((value) => value.split(',').map((word) => word.trim()))
  .refine((words) => words.every((word) => word !== ''));

/** Comma-separated `host` or `host:port`, without wildcards. */
export const hosts = list.refine((words) =>
  words.every((word) => /^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9._-]*[a-z0-9])?)(:[1-9][0-9]{0,4})?$/i.test(word)),
);

/** Comma-separated web origins (RFC 6454): scheme, host and port, nothing after them. */
export const origins = list.refine((words) =>
  words.every((word) => URL.canParse(word) && new URL(word).origin === word),
);

/** The issuer of OIDC tokens: an https URL without query and fragment, or an http one of this machine. */
export const issuer = z.string().refine((value) => {
  if (!URL.canParse(value) || /[?#\s]/.test(value)) return false;
  const { protocol, hostname, username, password } = new URL(value);
  const secure = protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname.replace(/^\[|\]$/g, '')));
  return secure && username === '' && password === '';
});

/** A path; a relative one counts from the working directory of the process. */
export const path = z.string().transform((value) => resolve(value));

/** `host:port` of a gRPC server. */
export const address = z.string().regex(/^\S+:[1-9][0-9]{0,4}$/);

export const postgresUrl = z.string().regex(/^postgres(ql)?:\/\/\S+$/);

export const count = z
  .string()
  .regex(/^[1-9][0-9]{0,8}$/)
  .transform(Number);

/** 1 second to an hour. */
export const seconds = count.refine((value) => value <= 3600);

/** 1 second to a year. */
export const longSeconds = count.refine((value) => value <= 31_536_000);

/** A number of MiB, up to 1 TiB. */
export const mebibytes = count.refine((value) => value <= 1_048_576);

/** Where a server answers: http or https, no path, query or credentials. */
export const serverUrl = z
  .string()
  .refine((value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol), { abort: true })
  .refine((value) => new URL(value).origin === value.replace(/\/$/, ''), { abort: true });

/** An address to listen on: an IP address or `localhost`. */
export const bind = z.union([z.ipv4(), z.ipv6(), z.literal('localhost')]);

/** 32 bytes as hex or base64; what is refused is not repeated. */
export const masterKey = z.string().transform((value, context) => {
  const key = parseMasterKey(value);
  if (key !== undefined) return key;
  context.addIssue({ code: 'custom', message: 'is no key of 32 bytes' });
  return z.NEVER;
});

/** A node's name; it is part of a task queue's. */
export const node = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/);
