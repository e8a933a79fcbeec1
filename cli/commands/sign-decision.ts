import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { jsonArgument } from '../json-argument.ts';
import { SIGN_FLAGS, SIGN_NOTES, signDecision } from '../keys/sign-decision.ts';

const NAME = 'sign decision';

export const command = defineCommand({
  name: NAME,
  about: 'Sign any decision about an incident by its name and fields',
  notes: SIGN_NOTES,
  operands: {
    name: { about: 'the name of the decision, which is that of the signal' },
    id: { about: 'the id of the incident' },
  },
  flags: {
    fields: { kind: 'text', value: 'JSON|@FILE', about: 'the fields of the decision, as an object' },
    ...SIGN_FLAGS,
  },
  run: async ({ operands: { name, id }, flags: { fields, ...flags } }, session) => {
    const given = fields === undefined ? {} : await jsonArgument(fields, 'decision', NAME);
    if (typeof given !== 'object' || given === null || Array.isArray(given) || 'name' in given)
      throw new UsageError('--fields is an object of the fields of the decision', NAME);
    return signDecision(NAME, id, { name, ...given }, flags, session);
  },
});
