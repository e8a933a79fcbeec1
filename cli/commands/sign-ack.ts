import { defineCommand } from '../command.ts';
import { SIGN_FLAGS, SIGN_NOTES, signDecision } from '../keys/sign-decision.ts';

const NAME = 'sign ack';

export const command = defineCommand({
  name: NAME,
  about: 'Sign the acknowledgement of an incident, for where signals have to be signed',
  notes: SIGN_NOTES,
  operands: { id: { about: 'the id of the incident' } },
  flags: {
    operator: {
      kind: 'text',
      value: 'WHO',
      required: true,
      about: 'who acknowledges, as it is to stand in the record',
    },
    note: { kind: 'text', about: 'what the review found' },
    ...SIGN_FLAGS,
  },
  run: ({ operands: { id }, flags: { operator, note, ...flags } }, session) =>
    signDecision(NAME, id, { name: 'ack', operator, ...(note === undefined ? {} : { note }) }, flags, session),
});
