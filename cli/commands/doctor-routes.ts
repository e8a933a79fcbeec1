import { defineCommand } from '../command.ts';
import { doctorUpstreams, UPSTREAM_FLAGS, UPSTREAM_NOTES, UPSTREAM_OPERANDS } from '../doctor/upstreams.ts';

export const command = defineCommand({
  name: 'doctor routes',
  about: 'The same as doctor upstreams',
  notes: UPSTREAM_NOTES,
  operands: UPSTREAM_OPERANDS,
  flags: UPSTREAM_FLAGS,
  run: doctorUpstreams,
});
