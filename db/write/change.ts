import { hash } from 'node:crypto';
import type { Step } from '../../domain/intake/types.ts';
import type { Effect, Incident } from '../../domain/incident/types.ts';
import type { Tx } from '../transaction.ts';
import { writeCounters } from './counters.ts';
import { placeHolds, releaseHolds, releasesHolds, revokeGrants } from './holds.ts';
import { writeIncidents } from './incidents.ts';
import { writeEntries } from './ledger.ts';
import type { EntryDraft } from './ledger.ts';
import { writeNotifications } from './notifications.ts';
import { writeProcesses } from './processes.ts';
import type { Wake } from './processes.ts';
import { together } from '../together.ts';

export const sha256 = (data: Uint8Array): Uint8Array => hash('sha256', data, 'buffer');

/** Judged changes of incidents, and the rows as they were when the transaction locked them. */
export interface Change {
  now: string;
  /** Locked rows by `workspace/id`; an incident that is not in here is new. */
  before: ReadonlyMap<string, Incident>;
  steps: Step[];
  /** Entries besides those the steps ask for. */
  entries?: EntryDraft[];
  /** Incidents some adapter has to hear of; they get a process even without a ceremony. */
  adapters?: boolean;
  /** How soon the processes that wait for these incidents are poked; at once by default. */
  wake?: Wake;
}

const keyOf = (i: Incident): string => `${i.workspace_id}/${i.id}`;

/** Writes projections, holds, counters, ledger and outbox of a change, in the lock order of the whole system. */
export async function writeChange(tx: Tx, change: Change): Promise<void> {
  const last = new Map<string, Incident>();
  for (const step of change.steps) last.set(keyOf(step.incident), step.incident);
  const after = [...last.values()].sort((a, b) => (a.id < b.id ? -1 : 1));

  // Statements are sent together and taken in this order: each function issues all of its own before its first await.
  const held = [
    writeIncidents(tx, after, change.before),
    placeHolds(tx, change.steps, change.now),
    revokeGrants(tx, change.steps),
  ];
  if (releasesHolds(change.steps)) {
    await together(held);
    await releaseHolds(tx, change.steps, change.now);
  }
  await together([
    ...held,
    writeCounters(tx, change.before, after),
    writeEntries(tx, [...entriesOf(change), ...(change.entries ?? [])]),
    writeNotifications(tx, change.steps, change.now),
    writeProcesses(tx, change.steps, change.now, change.wake),
  ]);
}

function entriesOf({ steps, now }: Change): EntryDraft[] {
  return steps.flatMap((step) => {
    const { incident, effects, actor, on_behalf_of } = step;
    const base = {
      workspace_id: incident.workspace_id,
      at: now,
      actor,
      on_behalf_of,
      object: `incident/${incident.id}`,
      record_hash: incident.hash,
      record_version: incident.version,
      policy_digest: incident.policy_digest,
    };
    const entries = effects.flatMap((effect) => {
      const said = entryOf(effect, incident);
      return said === null ? [] : [{ ...base, ...said }];
    });
    const holds = effects.flatMap((e) =>
      e.kind === 'place_hold' ? [{ by: e.action, gate: e.gate, target: e.target }] : [],
    );
    return [
      ...entries,
      ...fitting(holds).map((some) => ({ ...base, action: 'holds_placed', detail: { holds: some } })),
    ];
  });
}

/** Characters of JSON that leave an entry of the ledger (8 KiB) room for three bytes each and for the rest of its leaf. */
const HOLDS_LENGTH = 2048;

/** The holds of a step, as many to an entry as fit; a single one always does. */
function fitting<T>(holds: T[]): T[][] {
  const out: T[][] = [];
  let room = 0;
  for (const hold of holds) {
    const { length } = JSON.stringify(hold);
    if (length > room) {
      out.push([]);
      room = HOLDS_LENGTH;
    }
    out.at(-1)?.push(hold);
    room -= length + 1;
  }
  return out;
}

/** What an effect says in the ledger by itself; the holds of a step are entries together. */
function entryOf(effect: Effect, incident: Incident): Pick<EntryDraft, 'action' | 'detail'> | null {
  switch (effect.kind) {
    case 'entry':
      return { action: effect.action, detail: effect.detail };
    case 'release_holds':
      return { action: 'holds_released', detail: { kept: effect.keep } };
    case 'alert':
      return { action: 'operator_alert', detail: { severity: incident.severity } };
    case 'place_hold':
    case 'revoke_grants':
    case 'poke':
      return null;
    default: {
      const unknown: never = effect;
      throw new Error(`unknown effect ${JSON.stringify(unknown)}`);
    }
  }
}
