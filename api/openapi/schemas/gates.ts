import { z } from 'zod';
import { named } from '../registry.ts';
import { count, gateName, incidentId, instant, problemSchema, text } from './common.ts';

export const gateCheck = named(
  'GateCheck',
  z.strictObject({
    gate: gateName,
    target: text(4096).optional().describe('without one, or with *, any hold behind the gate counts'),
  }),
);

const hold = named(
  'Hold',
  z.object({
    hold_id: z.string(),
    incident_id: incidentId.optional(),
    kill_id: z.string().optional(),
    drill_id: z.string().optional(),
    since: instant,
    reason: z.string(),
  }),
);

export const gateVerdict = named('GateVerdict', z.object({ open: z.boolean(), holds: z.array(hold) }));

export const gateList = named(
  'GateList',
  z.array(z.object({ gate: gateName, open: z.boolean(), holds: z.array(hold), hold_count: count })),
);

export const gateUnknown = named(
  'GateUnknown',
  z.object({ ...problemSchema.shape, open: z.literal(false), holds: z.array(hold).max(0) }),
);
