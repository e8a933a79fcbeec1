import { CLASSES } from '../../domain/containment/types.ts';
import type { SetAnswer } from '../answers.ts';
import { defineCommand } from '../command.ts';
import { answerSet, setBody, SET_FLAGS } from '../incidents.ts';
import { withProgress } from '../output/progress.ts';

export const command = defineCommand({
  name: 'recovery ack-set',
  about: 'Acknowledge the unacknowledged recoveries of a class as one decision',
  notes: 'You attest for each of them what `recovery ack` attests for one.',
  flags: { class: { kind: 'text', required: true, values: CLASSES, about: 'the class' }, ...SET_FLAGS },
  run: async ({ flags }, { client, out }) => {
    const sent = client.post<SetAnswer>('/v1/recovery/ack-set', setBody(flags));
    const { body } = await withProgress(out.progress, 'acknowledging', sent);
    return answerSet(out, body);
  },
});
