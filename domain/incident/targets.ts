// What an incident names it holds: each target of an action has a record of its own, until one record holds everything.
import { targetsOf } from '../containment/consequence.ts';
import { ACTIONS, ACTION_GATE, EVERYTHING } from '../containment/types.ts';
import type { Action, Gate } from '../containment/types.ts';
import { actionRecord } from './create.ts';
import type { ActionRecord, Incident, NamedTarget } from './types.ts';

/** One more target of an action than this, and everything behind its gate is held instead. */
export const TARGETS_PER_ACTION = 64;

/** Gates of which a report names one target; the others are one thing each, and never go unnamed. */
const NAMED_GATES: readonly (Gate | null)[] = ['agent', 'model', 'tool'];
const NAMING = ACTIONS.filter((action) => NAMED_GATES.includes(ACTION_GATE[action]));

type Holder = Pick<Incident, 'actions' | 'marks'>;

/** The records and marks of an incident that also holds what is wanted; `added` are the records it did not have. */
export function holding(
  { actions, marks }: Holder,
  wanted: readonly NamedTarget[],
  subscribed: ReadonlySet<Action>,
  now: string,
): Holder & { added: ActionRecord[] } {
  const all = [...actions];
  const added: ActionRecord[] = [];
  const said = new Set(marks);
  for (const { action, target } of wanted) {
    const same = all.filter((a) => a.action === action);
    if (same.some((a) => a.target === target || a.target === EVERYTHING)) continue;
    const bounded = target !== EVERYTHING && same.length >= TARGETS_PER_ACTION;
    if (bounded) said.add('targets_bounded');
    else if (target === EVERYTHING && NAMING.includes(action)) said.add('target_missing');
    const record = actionRecord(action, bounded ? EVERYTHING : target, subscribed.has(action), now);
    const last = all.findLastIndex((a) => a.action === action);
    all.splice(last < 0 ? all.length : last + 1, 0, record);
    added.push(record);
  }
  return { actions: all, marks: [...said], added };
}

/** What actions close that the incident did not have: the target of its own evidence, and those of the reports folded into it. */
export function targetsOfNew(i: Incident, actions: readonly Action[]): NamedTarget[] {
  const fresh = actions.filter((action) => !i.actions.some((a) => a.action === action));
  if (fresh.length === 0) return [];
  const { targets } = targetsOf(fresh, JSON.parse(i.evidence) as Record<string, unknown>);
  return fresh.flatMap((action) => [
    { action, target: targets[action] ?? EVERYTHING },
    ...i.named_targets.filter((named) => named.action === action),
  ]);
}

/** The named targets of an incident that now has `actions`, with those of a further report. */
export function stillNamed(
  i: Incident,
  actions: readonly ActionRecord[],
  reported: Partial<Record<Action, string>>,
): NamedTarget[] {
  const open = NAMING.filter((action) => !actions.some((a) => a.action === action));
  const own = targetsOf(open, JSON.parse(i.evidence) as Record<string, unknown>).targets;
  return open.flatMap((action) => {
    const named = i.named_targets.filter((n) => n.action === action);
    const target = reported[action];
    const covered = [own[action], ...named.map((n) => n.target)];
    // With the incident's own target it is one too many from here on: closing them will close everything.
    const full = named.length >= TARGETS_PER_ACTION || covered.includes(EVERYTHING);
    return target === undefined || full || covered.includes(target) ? named : [...named, { action, target }];
  });
}

/** What a report names, whatever actions there are to hold it. */
export const targetsNamed = (evidence: Readonly<Record<string, unknown>>): Partial<Record<Action, string>> =>
  targetsOf(NAMING, evidence).targets;
