import { z } from 'zod';
import { SEVERITIES } from '../../../domain/containment/types.ts';
import { DELIVERY_STATES } from '../../../domain/hook/delivery.ts';
import { ALERT_KINDS } from '../../../domain/hook/hooks.ts';
import { named } from '../registry.ts';
import { count, digest, instant } from './common.ts';

const hook = named(
  'Hook',
  z.strictObject({
    name: z.string(),
    url: z.string().max(2048),
    events: z.array(z.enum(ALERT_KINDS)).min(1),
    min_severity: z.enum(SEVERITIES),
    secret: z.strictObject({ ref: z.string(), previous_ref: z.string().optional() }),
    internal: z.boolean(),
  }),
);
export const hookSet = named(
  'HookSet',
  z.strictObject({
    set: z.strictObject({ version: z.literal(1), hooks: z.array(hook).max(100) }),
    digest: digest.describe('SHA-256 of the RFC 8785 JSON of the set that was reviewed'),
  }),
);
export const hooksApplied = named('HooksApplied', z.object({ status: z.literal('applied'), digest, hooks: count }));
export const activeHooks = named(
  'ActiveHooks',
  z.object({
    digest: digest.nullable(),
    activated_at: instant.optional(),
    activated_by: z.string().optional(),
    hooks: z.array(hook),
  }),
);

export const deliveryState = z.enum(DELIVERY_STATES);
export const deliveryId = z.string().regex(/^DLV-[0-9a-f]{16}$/);
const delivery = named(
  'Delivery',
  z.object({
    delivery_id: z.string(),
    hook: z.string(),
    notification_id: count,
    state: deliveryState,
    attempts: count,
    last_error: z.string().nullable(),
    created_at: instant,
    next_attempt_at: instant.nullable(),
    settled_at: instant.nullable(),
  }),
);
export const deliveryList = named('DeliveryList', z.array(delivery));
export const deliveryShown = named('DeliveryShown', delivery.extend({ body: z.string().describe('what is sent') }));
export const deliveryRetried = named(
  'DeliveryRetried',
  z.object({ status: z.literal('pending'), delivery_id: z.string() }),
);
