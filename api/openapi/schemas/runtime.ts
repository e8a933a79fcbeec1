import { z } from 'zod';
import { CAPTURE_SOURCES, DEBUG_LEVELS, LONGEST_WINDOW } from '../../../domain/runtime/capture-window.ts';
import { PERMISSION_MODES } from '../../../domain/runtime/posture.ts';
import { named } from '../registry.ts';
import { count, instant, text } from './common.ts';

const mode = named('PermissionMode', z.enum(PERMISSION_MODES));
const level = named('DebugLevel', z.enum(DEBUG_LEVELS));
export const windowId = named('CaptureWindowId', z.string().regex(/^CAP-\d{8}-[0-9a-f]{8}$/));
export const captureId = named('CaptureId', z.string().regex(/^DBG-\d{8}-[0-9a-f]{16}$/));

export const runtime = named(
  'Runtime',
  z.object({
    permission_mode: mode,
    debug_level: level,
    debug_until: instant.nullable().describe('when the window closes itself'),
    debug_window: windowId.nullable(),
    debug_ticket: z.string().nullable(),
    debug_opened_by: z.string().nullable(),
    debug_since: instant.nullable(),
    captured: count.nullable(),
    dropped: count.nullable().describe('exchanges that there was no room, or no database, to keep'),
  }),
);

export const modeRequest = named('PermissionModeRequest', z.strictObject({ permission_mode: mode }));
export const modeSet = named(
  'PermissionModeSet',
  z.object({ permission_mode: mode, before: mode, refused: count.describe('approvals that waited and were refused') }),
);

export const debugRequest = named(
  'DebugRequest',
  z.strictObject({
    level,
    for_seconds: z
      .int()
      .min(1)
      .max(LONGEST_WINDOW.errors)
      .optional()
      .describe(`required unless off; at most ${LONGEST_WINDOW.full} for full, ${LONGEST_WINDOW.errors} for errors`),
    ticket: text(256).optional().describe('required for full'),
  }),
);
export const debugSet = named(
  'DebugSet',
  z.object({ debug_level: level, debug_until: instant.nullable(), debug_window: windowId.nullable() }),
);

const summary = {
  capture_id: captureId,
  window_id: windowId,
  source: z.enum(CAPTURE_SOURCES),
  at: instant,
  method: z.string(),
  path_template: z.string().describe('of the route, or which adapter'),
  status: z.int().nullable().describe('null where there was no answer'),
  actor: z.string(),
  expires_at: instant,
};
export const captureList = named('CaptureList', z.array(z.object(summary)));

const body = z.object({
  text: z.string().nullable().describe('JSON, redacted'),
  omitted: z.enum(['empty', 'not_json', 'too_large', 'withheld']).nullable().describe('why there is none'),
  truncated: z.boolean(),
  redacted: count.describe('secrets that were replaced'),
});
export const captureShown = named(
  'Capture',
  z.object({
    ...summary,
    content: z.object({
      target: z.string().describe('path and query, redacted'),
      failure: z.string().nullable().describe('the code of what went wrong instead of an answer'),
      request: body,
      response: body,
    }),
  }),
);

export const pruneRequest = named(
  'PruneRequest',
  z.strictObject({ before: instant.optional(), window_id: windowId.optional() }),
);
export const pruned = named(
  'Pruned',
  z.object({ pruned: count, more: z.boolean().describe('ask again for the rest') }),
);
