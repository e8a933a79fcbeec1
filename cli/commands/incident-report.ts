import { CLASSES, SEVERITIES } from '../../domain/containment/types.ts';
import type { IncidentAnswer } from '../answers.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { incidentFacts } from '../incidents.ts';
import { jsonArgument } from '../json-argument.ts';
import { withProgress } from '../output/progress.ts';

const NAME = 'incident report';

export const command = defineCommand({
  name: NAME,
  about: 'Report an incident; its containment is in force when this returns',
  flags: {
    class: { kind: 'text', required: true, values: CLASSES, about: 'the class' },
    source: { kind: 'text', required: true, about: 'who saw it' },
    description: { kind: 'text', required: true, about: 'what was seen' },
    severity: { kind: 'text', values: SEVERITIES, about: 'above the default of the class' },
    evidence: { kind: 'text', value: 'JSON|@FILE', about: 'an object; subject, model_digest, tool, node name targets' },
    'dedup-key': { kind: 'text', value: 'KEY', about: 'folds repeats into the incident that is open' },
    wait: { kind: 'integer', value: 'SECONDS', about: 'how long to wait for adapters, at most 60' },
  },
  run: async ({ flags }, { client, out }) => {
    const { evidence, wait, severity } = flags;
    const report = {
      class: flags.class,
      source: flags.source,
      description: flags.description,
      ...(severity === undefined ? {} : { severity }),
      ...(evidence === undefined ? {} : { evidence: await jsonArgument(evidence, 'evidence', NAME) }),
      ...(flags['dedup-key'] === undefined ? {} : { dedup_key: flags['dedup-key'] }),
    };
    const headers: Record<string, string> = wait === undefined ? {} : { Prefer: `wait=${wait}` };
    const sent = client.post<IncidentAnswer>('/api/v1/incidents/report', report, { headers });
    const { status, body } = await withProgress(out.progress, 'containing', sent);
    out.answer(body, () => {
      if (status === 200) out.note(`folded into ${body.id}`);
      out.facts(incidentFacts(body));
    });
    return EXIT.done;
  },
});
