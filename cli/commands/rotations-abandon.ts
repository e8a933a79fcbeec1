import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { rotationPath } from '../rotations.ts';

export const command = defineCommand({
  name: 'rotations abandon',
  about: 'End a rotation where it stands',
  notes: 'What it leaves behind is yours to look after: `rotations show` says how far it came.',
  operands: { rotation: { about: 'the id of the rotation' } },
  flags: { reason: { kind: 'text', required: true, about: 'why it cannot go on' } },
  run: async ({ operands: { rotation }, flags: { reason } }, { client, out }) => {
    const { body } = await client.post<{ status: string }>(rotationPath(rotation, '/abandon'), { reason });
    out.answer(body, () => out.facts([['status', body.status]]));
    return EXIT.done;
  },
});
