import { z } from 'zod';
import { workspaceId } from '../workspace.ts';
import type { Operation, Parameter } from './operation.ts';

type Json = Record<string, unknown>;

const header = (name: string, description: string, schema: Json): Json => ({ name, in: 'header', description, schema });

const FRAMES = ['$schema', '~standard'];

/** A schema without the name of its dialect, which the document gives once. */
const inline = (schema: z.ZodType): Json =>
  Object.fromEntries(Object.entries(z.toJSONSchema(schema, { io: 'input' })).filter(([key]) => !FRAMES.includes(key)));

export const COMMON_PARAMETERS: Json = {
  Workspace: header(
    'X-Interlock-Workspace',
    'the workspace to act in, by default `default`; a token is bound to its own',
    inline(workspaceId),
  ),
  OnBehalfOf: header(
    'X-Interlock-On-Behalf-Of',
    'whom the caller claims to act for',
    inline(z.string().regex(/^[\x20-\x7e]{1,256}$/)),
  ),
  'Idempotency-Key': header(
    'Idempotency-Key',
    'makes a retry the same request; with another body it is refused',
    inline(z.string().regex(/^[\x21-\x7e]{1,255}$/)),
  ),
  'Last-Event-ID': header(
    'Last-Event-ID',
    'the id of the last entry that the client has; the stream goes on behind it',
    inline(z.string().regex(/^(start|[1-9]\d*-\d+)$/)),
  ),
  Range: header('Range', 'one range of bytes (RFC 9110 section 14); of several the whole is answered', {
    type: 'string',
  }),
  'If-Range': header('If-Range', 'the entity tag that the range is of; with another the whole is answered', {
    type: 'string',
  }),
  'If-None-Match': header('If-None-Match', 'answers 304 where the blob is one of these', { type: 'string' }),
  'Content-Range': header('Content-Range', 'where the part belongs: `bytes FIRST-LAST/SIZE`', {
    type: 'string',
    pattern: '^bytes \\d+-\\d+/\\d+$',
  }),
  'webhook-id': header('webhook-id', 'the id of the event; one that was taken is not taken again', {
    type: 'string',
    pattern: '^[!-\\-/-~]{1,128}$',
  }),
  'webhook-timestamp': header('webhook-timestamp', 'when it was signed, in seconds since 1970; at most 5 minutes off', {
    type: 'string',
    pattern: '^(0|[1-9]\\d{0,11})$',
  }),
  Prefer: header('Prefer', 'wait=N delays the answer until adapters have acknowledged, at most N s (RFC 7240)', {
    type: 'string',
  }),
};

const common = (name: string): Json => ({ $ref: `#/components/parameters/${name}` });

const SIGNED = ['webhook-id', 'webhook-timestamp', 'Workspace'];

export function parametersOf({ action, inPath = {}, query = {}, headers = [] }: Operation): Json[] {
  const parameter = (place: string, [name, { about, schema, required }]: [string, Parameter]): Json => ({
    name,
    in: place,
    description: about,
    required: place === 'path' || required === true,
    schema: inline(schema),
  });
  const everywhere = action === 'open' ? [] : action === 'signed' ? SIGNED : ['Workspace', 'OnBehalfOf'];
  return [
    ...Object.entries(inPath).map((entry) => parameter('path', entry)),
    ...Object.entries(query).map((entry) => parameter('query', entry)),
    ...[...headers, ...everywhere].map(common),
  ];
}
