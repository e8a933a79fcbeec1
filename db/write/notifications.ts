import type { Step } from '../../domain/intake/types.ts';
import type { Tx } from '../transaction.ts';
import { addTallies } from './counters.ts';
import { unnestInsert } from './unnest.ts';
import { together } from '../together.ts';

export interface NotificationDraft {
  workspace_id: string;
  kind: 'alert' | 'reminder' | 'page';
  incident_id: string | null;
  severity: string;
  message: string;
  created_at: string;
  actor: string;
  on_behalf_of: string | null;
}

const COLUMNS = [
  'workspace_id',
  'kind',
  'incident_id',
  'severity',
  'message',
  'created_at',
  'actor',
  'on_behalf_of',
] as const;
const INSERT = unnestInsert('notifications', COLUMNS, [
  'text',
  'text',
  'text',
  'text',
  'text',
  'timestamptz',
  'text',
  'text',
]);

/** Adds open notifications and counts them. */
export async function addNotifications(tx: Tx, drafts: NotificationDraft[]): Promise<void> {
  if (drafts.length === 0) return;
  const inserted = tx.query({ name: 'notifications-insert', text: INSERT.text, values: INSERT.values(drafts) });
  const perWorkspace = new Map<string, number>();
  for (const d of drafts) perWorkspace.set(d.workspace_id, (perWorkspace.get(d.workspace_id) ?? 0) + 1);
  const deltas = [...perWorkspace].sort(([a], [b]) => (a < b ? -1 : 1));
  const counted = addTallies(
    tx,
    deltas.map(([workspace_id, n]) => ({ workspace_id, name: 'notifications_open', n })),
  );
  await together([inserted, counted]);
}

export async function writeNotifications(tx: Tx, steps: Step[], now: string): Promise<void> {
  await addNotifications(
    tx,
    steps.flatMap(({ incident, effects, actor, on_behalf_of }) =>
      effects.flatMap((e): NotificationDraft[] =>
        e.kind !== 'alert'
          ? []
          : [
              {
                workspace_id: incident.workspace_id,
                kind: 'alert',
                incident_id: incident.id,
                severity: incident.severity,
                message: e.message,
                created_at: now,
                actor,
                on_behalf_of,
              },
            ],
      ),
    ),
  );
}
