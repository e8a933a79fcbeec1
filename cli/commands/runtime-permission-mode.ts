import { PERMISSION_MODES } from '../../domain/runtime/posture.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'runtime permission-mode',
  about: 'Refuse whatever needs an approval (dont-ask), or let it wait for one (ask)',
  notes:
    'dont-ask also refuses what waits at present, and ask brings nothing of it back.\nWhat two people do to recover is never refused: retiring or replacing a node, promoting a restored record.',
  operands: { mode: { about: 'ask or dont-ask', values: PERMISSION_MODES } },
  run: async ({ operands: { mode } }, { client, out }) => {
    const { body } = await client.post<{ permission_mode: string; before: string; refused: number }>(
      '/v1/runtime/permission-mode',
      { permission_mode: mode },
    );
    out.answer(body, () =>
      out.facts([
        ['permission_mode', body.permission_mode],
        ['before', body.before],
        ['refused', body.refused],
      ]),
    );
    return EXIT.done;
  },
});
