import type { IncidentAnswer, TimelineLine } from './answers.ts';
import { printable } from './output/printable.ts';
import type { Column } from './output/table.ts';

/** Who was authenticated, and for whom they said they acted. */
const who = ({ entry: { actor, on_behalf_of } }: TimelineLine): string =>
  on_behalf_of === null ? actor : `${actor} for ${on_behalf_of}`;

/** What the entry is about, where that is not the incident itself. */
const about = ({ entry: { object } }: TimelineLine, incident: string): string | undefined =>
  object === `incident/${incident}` ? undefined : object;

/** `operator me@org; holds by freeze_agent gate agent target agent:7` */
function detailText(value: unknown, outermost = true): string {
  if (Array.isArray(value)) return value.map((item) => detailText(item, false)).join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, member]) => `${key} ${detailText(member, false)}`)
    .join(outermost ? '; ' : ' ');
}

export const timelineColumns = (incident: string): Column<TimelineLine>[] => [
  { head: 'TIME', cell: (l) => l.entry.at },
  { head: 'WHO', cell: who },
  { head: 'WHAT', cell: (l) => l.entry.action },
  { head: 'ABOUT', cell: (l) => about(l, incident) },
  { head: 'ENTRY', cell: (l) => l.id },
  { head: 'DETAIL', cell: (l) => detailText(l.entry.detail) },
];

/** Text is text: nothing of it is Markdown or HTML. */
const escape = (text: string): string => printable(text).replace(/[\\`*_{}<>[\]()|$#~&]/g, '\\$&');

/** The timeline as a postmortem has it. */
export function timelineMarkdown(incident: IncidentAnswer, lines: readonly TimelineLine[]): string {
  const { id, severity, source, description, state, created_at, acked_at, acked_by, resolved_at, resolved_by } =
    incident;
  const by = (at: string | undefined, name: string | undefined) =>
    at === undefined ? 'not yet' : `${at} by ${escape(name ?? 'nobody')}`;
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `# Timeline of ${id}`,
    '',
    escape(description),
    '',
    `- Class: ${escape(incident.class)}, severity: ${severity}, state: ${escape(state)}`,
    `- Reported: ${created_at} by ${escape(source)}`,
    `- Acknowledged: ${by(acked_at, acked_by)}`,
    `- Resolved: ${by(resolved_at, resolved_by)}`,
    '',
    row(['Time (UTC)', 'Who', 'What', 'About', 'Detail', 'Ledger entry']),
    row(['---', '---', '---', '---', '---', '---']),
    ...lines.map((line) =>
      row([
        line.entry.at,
        escape(who(line)),
        escape(line.entry.action),
        escape(about(line, id) ?? ''),
        escape(detailText(line.entry.detail)),
        line.id,
      ]),
    ),
    '',
  ].join('\n');
}
