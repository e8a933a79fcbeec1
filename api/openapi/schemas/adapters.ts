import { z } from 'zod';
import { ACTION_GATE, ACTIONS } from '../../../domain/containment/types.ts';
import { ADAPTER_NAME } from '../../../domain/adapter/definition.ts';
import { named } from '../registry.ts';
import { count, incidentClass, incidentId, incidentState, instant, severity, text } from './common.ts';
import { report } from './incidents.ts';

export const adapterName = z.string().regex(ADAPTER_NAME);
const gateAction = named('GateAction', z.enum(ACTIONS.filter((action) => ACTION_GATE[action] !== null)));
const secretRef = z
  .string()
  .regex(/^(env:[A-Z_][A-Z0-9_]{0,127}|file:\/.+|slot:[a-z0-9][a-z0-9._-]{0,127}(@previous)?)$/);

const child = {
  command: z.string().max(1024).describe('an absolute path'),
  args: z.array(z.string().max(4096)).max(64),
  credential_slots: z
    .array(z.strictObject({ slot: z.string(), env: z.string() }))
    .max(16)
    .describe('which control slot it is given in which variable'),
};
const secret = z
  .strictObject({ ref: secretRef, previous_ref: secretRef.optional() })
  .describe('where it is, never what');
const classes = z.array(incidentClass).optional().describe('what it may report by signed events; by default nothing');
const actions = z.array(gateAction).min(1);

const externalDefinition = named(
  'ExternalAdapterDefinition',
  z.strictObject({
    mode: z.literal('external'),
    url: z.string().max(2048).describe('http or https, without credentials or fragment'),
    actions,
    secret,
    internal: z.boolean().optional().describe('whether the address may be one of the own network'),
    classes,
  }),
);

const childDefinition = named(
  'ChildAdapterDefinition',
  z.strictObject({
    mode: z.literal('child_process'),
    command: child.command,
    args: child.args.optional(),
    credential_slots: child.credential_slots.optional(),
    actions,
    secret: secret.optional(),
    classes,
  }),
);

export const adapterDefinition = named('AdapterDefinition', z.union([externalDefinition, childDefinition]));

export const adapter = named(
  'Adapter',
  z.object({
    adapter_id: z.string(),
    name: adapterName,
    mode: z.string(),
    url: z.string().optional(),
    actions: z.array(gateAction),
    secret: z.object({ ref: z.string(), previous_ref: z.string().optional() }).optional(),
    internal: z.boolean().optional(),
    command: child.command.optional(),
    args: child.args.optional(),
    credential_slots: child.credential_slots.optional(),
    child: z
      .object({
        lease_id: z.string(),
        started_at: instant,
        heartbeat_at: instant.nullable(),
        adapter_version: count,
        slots: z.array(z.object({ slot: z.string(), version: count })),
      })
      .nullable()
      .optional()
      .describe('its present run'),
    classes: z.array(incidentClass),
    state: z.string(),
    created_at: instant,
    last_ack_at: instant.nullable(),
    last_latency_ms: z.number().nullable(),
    last_error: z.string().nullable(),
    failing_since: instant.nullable(),
    unacknowledged: count,
    unacknowledged_restores: count,
    unacknowledged_since: instant.nullable(),
    retired_at: instant.nullable().optional(),
    retired_by: z.unknown().optional(),
  }),
);
export const adapterList = named('AdapterList', z.array(adapter));

export const adapterRetirement = named(
  'AdapterRetirement',
  z.strictObject({ reason: text(1024), confirm: text(256).optional() }),
);
export const adapterRetired = named(
  'AdapterRetired',
  z.object({
    status: z.literal('retired'),
    retired_by: z.array(z.string()),
    single_operator: z.boolean(),
    incidents: z.unknown(),
  }),
);
export const adapterLost = named('AdapterLost', z.object({ status: z.literal('resending'), incidents: count }));
export const adapterTrial = named(
  'AdapterTrial',
  z.object({
    name: adapterName,
    ok: z.boolean(),
    latency_ms: z.number().nullable().optional(),
    error: z.string().optional(),
  }),
);

export const adapterEvent = named('AdapterEvent', report.omit({ source: true }));
export const adapterEventTaken = named(
  'AdapterEventTaken',
  z.object({ status: z.enum(['recorded', 'repeated']), incident_id: incidentId, state: incidentState, severity }),
);
export const adapterRestarted = named(
  'AdapterRestarted',
  z.object({ status: z.literal('restarting'), version: count }),
);
