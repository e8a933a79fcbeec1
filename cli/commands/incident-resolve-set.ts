import { CLASSES } from '../../domain/containment/types.ts';
import type { SetAnswer } from '../answers.ts';
import { defineCommand } from '../command.ts';
import { answerSet, setBody, SET_FLAGS } from '../incidents.ts';
import { withProgress } from '../output/progress.ts';

export const command = defineCommand({
  name: 'incident resolve-set',
  about: 'Resolve the unresolved incidents of a class as one decision',
  notes: 'Each incident is judged by its own row; those whose recovery is incomplete stay, and the exit code is 4.',
  flags: { class: { kind: 'text', required: true, values: CLASSES, about: 'the class' }, ...SET_FLAGS },
  run: async ({ flags }, { client, out }) => {
    const sent = client.post<SetAnswer>('/v1/incidents/resolve-set', setBody(flags));
    const { body } = await withProgress(out.progress, 'resolving', sent);
    return answerSet(out, body);
  },
});
