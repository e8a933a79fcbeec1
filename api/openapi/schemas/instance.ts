import { z } from 'zod';
import { GATES } from '../../../domain/containment/types.ts';
import { named } from '../registry.ts';
import { count, digest, instant } from './common.ts';

export const health = named(
  'Health',
  z.object({
    status: z.literal('ok'),
    open_incidents: count.describe('anything but 0 is degraded operation'),
    total_incidents: count,
  }),
);

export const available = named('Available', z.object({ status: z.literal('ok') }));
export const unavailable = named(
  'Unavailable',
  z.object({ status: z.literal('unavailable'), failing: z.array(z.string()).min(1) }),
);

export const reloaded = named(
  'Reloaded',
  z.object({ status: z.literal('reloaded'), policy_digest: digest, upstreams_digest: digest.optional() }),
);
export const nothing = named('Nothing', z.strictObject({}));

const subsystem = z.looseObject({ configured: z.boolean().optional() });
const gate = z.looseObject({ open: z.boolean(), holds: z.array(z.unknown()) });

export const status = named(
  'Status',
  z
    .looseObject({
      instance: z.string(),
      version: z.string(),
      time: instant,
      schema: z.object({ version: count, head: count }),
      health: z.looseObject({
        ok: z.boolean(),
        warnings: z.array(z.looseObject({ code: z.string(), since: instant.nullable(), detail: z.string() })),
      }),
      storage: z.object({
        ok: z.boolean(),
        probes: z.array(
          z.object({ name: z.string(), ok: z.boolean(), latency_ms: z.number(), error: z.string().nullable() }),
        ),
      }),
      gates: z.object(Object.fromEntries(GATES.map((name) => [name, gate]))),
      incidents: z.looseObject({
        open: count,
        contained: count,
        pending_recoveries: count,
        oldest_pending_age_ms: z.number().min(0).nullable(),
      }),
      attestation: z.looseObject({ state: z.enum(['trusted', 'degraded', 'unknown']), simulated: z.boolean() }),
      integrity: z.looseObject({ state: z.enum(['trusted', 'degraded', 'unknown']) }),
      ledger: subsystem,
      notifications: z.looseObject({ open: count }),
      files: z.record(z.string(), subsystem),
      registry: subsystem,
      blob: subsystem,
      governance: subsystem,
      policy: subsystem,
      provider_readiness: subsystem,
      runs: subsystem,
      delivery: subsystem,
      runtime: subsystem,
      auth: z.looseObject({ mode: z.string(), bind: z.string() }),
      slo: z.array(z.looseObject({ signal: z.string(), level: z.enum(['ok', 'warn', 'page']) })),
    })
    .describe('paths are added, never renamed; a subsystem that is absent says configured false'),
);

export const diagnosis = named(
  'Diagnosis',
  z.object({
    ok: z.boolean().describe('whether every check found what it looks for'),
    time: instant,
    checks: z.array(
      z.object({
        name: z.string().describe('the check, and behind a colon what it looked at'),
        ok: z.boolean(),
        code: z.string().nullable(),
        detail: z.string().nullable(),
        component: z.boolean(),
      }),
    ),
  }),
);

export const document = named('OpenApiDocument', z.looseObject({ openapi: z.string() }).describe('this document'));
