import { defineCommand } from '../command.ts';
import { SIGN_FLAGS, SIGN_NOTES, signDecision } from '../keys/sign-decision.ts';

const NAME = 'sign resolve';

export const command = defineCommand({
  name: NAME,
  about: 'Sign the resolution of an incident, for where signals have to be signed',
  notes: SIGN_NOTES,
  operands: { id: { about: 'the id of the incident' } },
  flags: SIGN_FLAGS,
  run: ({ operands: { id }, flags }, session) => signDecision(NAME, id, { name: 'resolve' }, flags, session),
});
