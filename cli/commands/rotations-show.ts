import { defineCommand } from '../command.ts';
import { rotationExit, rotationPath, showRotation } from '../rotations.ts';
import type { RotationDetail } from '../rotations.ts';

export const command = defineCommand({
  name: 'rotations show',
  about: 'Show a rotation and what its steps came to',
  notes: 'Exit code 0 when it is complete, 3 while it is under way, 1 when it failed or was undone.',
  operands: { rotation: { about: 'the id of the rotation' } },
  run: async ({ operands: { rotation } }, { client, out }) => {
    const { body } = await client.get<RotationDetail>(rotationPath(rotation));
    out.answer(body, () => showRotation(out, body));
    return rotationExit(body);
  },
});
