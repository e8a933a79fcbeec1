import type { IncidentAnswer, SetAnswer } from './answers.ts';
import type { Session } from './command.ts';
import { EXIT } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Column } from './output/table.ts';

export const INCIDENT_COLUMNS: Column<IncidentAnswer>[] = [
  { head: 'ID', cell: (i) => i.id },
  { head: 'SEVERITY', cell: (i) => i.severity },
  { head: 'STATE', cell: (i) => i.state },
  { head: 'CLASS', cell: (i) => i.class },
  { head: 'SOURCE', cell: (i) => i.source },
  { head: 'CREATED', cell: (i) => i.created_at },
  { head: 'N', cell: (i) => i.occurrences ?? 1 },
  { head: 'DESCRIPTION', cell: (i) => i.description },
];

/** An incident as `key: value` lines; what is not there has no line. */
export function incidentFacts(i: IncidentAnswer): [string, string | number][] {
  const at = (time: string | undefined, by: string | undefined) =>
    time === undefined ? undefined : by === undefined ? time : `${time} by ${by}`;
  const facts: [string, string | number | undefined][] = [
    ['id', i.id],
    ['state', i.state],
    ['severity', i.severity],
    ['class', i.class],
    ['source', i.source],
    ['description', i.description],
    ['created_at', i.created_at],
    ['occurrences', i.occurrences],
    ['marks', i.marks?.join(', ')],
    ...Object.entries(i.evidence).map(([name, value]): [string, string] => [`evidence.${name}`, evidenceText(value)]),
    ...actionFacts(i),
    ['triaged', at(i.triaged_at, i.triaged_by)],
    ['acked', at(i.acked_at, i.acked_by)],
    ['re_attested', i.re_attested_at],
    ['resolved', at(i.resolved_at, i.resolved_by)],
    ['policy_digest', i.policy_digest],
    ['hash', i.hash],
    ['ledger_index', i.ledger_index],
  ];
  return facts.filter((fact): fact is [string, string | number] => fact[1] !== undefined);
}

const evidenceText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** One line per action, or per target of it where there are several. */
function actionFacts(i: IncidentAnswer): [string, string][] {
  if (i.containment_targets === undefined)
    return i.containment_actions.map((action) => [`action.${action}`, actionText(i, { action })]);
  return i.containment_targets.map((of) => [`action.${of.action}`, `${of.target}: ${actionText(i, of)}`]);
}

function actionText(i: IncidentAnswer, of: { action: string; target?: string }): string {
  const result = i.containment_results.find((r) => r.action === of.action && r.target === of.target);
  if (result === undefined) return 'pending';
  return result.success ? `in force since ${result.completed_at}` : `failed: ${result.error ?? 'no reason given'}`;
}

/** What a decision about a set did; blocked when the record refused any of its incidents. */
export function answerSet(out: Session['out'], body: SetAnswer): ExitCode {
  const { changed, refused = [] } = body;
  out.answer(body, () => {
    out.facts([
      ['changed', changed],
      ['refused', refused.length],
    ]);
    if (refused.length > 0)
      out.table(
        refused,
        [
          { head: 'ID', cell: (r) => r.incident_id },
          { head: 'CODE', cell: (r) => r.code },
          { head: 'MISSING', cell: (r) => r.missing?.join(', ') },
        ],
        '',
      );
  });
  return refused.length === 0 ? EXIT.done : EXIT.blocked;
}

export const SET_FLAGS = {
  source: { kind: 'text', about: 'only incidents of this source' },
  'created-before': {
    kind: 'text',
    value: 'TIME',
    required: true,
    about: 'only incidents created before this RFC 3339 time',
  },
  'expected-count': {
    kind: 'integer',
    required: true,
    about: 'how many incidents you expect, at most 1000; with another number nothing is decided',
  },
  operator: { kind: 'text', value: 'WHO', required: true, about: 'who decides, as it is to stand in the record' },
} as const;

/** The body of a decision about a set. */
export const setBody = (flags: {
  class: string;
  source: string | undefined;
  'created-before': string;
  'expected-count': number;
  operator: string;
}): object => ({
  class: flags.class,
  ...(flags.source === undefined ? {} : { source: flags.source }),
  created_before: flags['created-before'],
  expected_count: flags['expected-count'],
  operator: flags.operator,
});
