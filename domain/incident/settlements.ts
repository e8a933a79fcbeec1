// An action settles, fails or is lost for one target at a time; the incident is contained when none is outstanding.
import type { Action } from '../containment/types.ts';
import type { ActionRecord, Incident, NamedTarget, Verdict } from './types.ts';
import { changed, unchanged } from './verdicts.ts';

/** Derives `pending_actions` and the containment state from the actions. */
export function withActions(i: Incident, actions: ActionRecord[], now: string): Incident {
  const open = actions.filter((a) => a.status === 'pending' || a.status === 'failed');
  const next = { ...i, actions, pending_actions: open.length };
  if (!actions.some((a) => a.gate !== null)) return next;
  if (open.length === 0) return { ...next, state: 'contained', contained_at: i.contained_at ?? now };
  return { ...next, state: open.some((a) => a.status === 'failed') ? 'containment_failed' : 'open' };
}

/** The name of an action is not enough: an incident may hold several targets by it. */
const isOf =
  ({ action, target }: NamedTarget) =>
  (a: ActionRecord): boolean =>
    a.action === action && a.target === target;

function change(
  i: Incident,
  of: NamedTarget,
  to: (a: ActionRecord) => ActionRecord,
  settles: boolean,
  now: string,
): Incident {
  const is = isOf(of);
  const actions = i.actions.map((a) => (is(a) ? to(a) : a));
  return withActions({ ...i, settlements: i.settlements + (settles ? 1 : 0) }, actions, now);
}

const entry = (action: string, of: { action: Action; target: string; status?: string }) =>
  ({ kind: 'entry', action, detail: { ...of } }) as const;

/** Every adapter holds the target, or the last one that did not was retired. */
export function settle(i: Incident, { action, target }: NamedTarget, retired: boolean, now: string): Verdict {
  const current = i.actions.find(isOf({ action, target }));
  if (i.state === 'resolved' || current === undefined || current.status === 'held' || current.status === 'retired')
    return unchanged(i);
  const status = retired ? 'retired' : 'held';
  const settled = ({ error: _error, ...a }: ActionRecord): ActionRecord => ({ ...a, status, completed_at: now });
  const next = change(i, { action, target }, settled, true, now);
  return changed(next, entry('action_settled', { action, target, status }), { kind: 'poke' });
}

/** An adapter refused or stayed silent; the action is retried until it holds. */
export function fail(i: Incident, { action, target }: NamedTarget, error: string, now: string): Verdict {
  const current = i.actions.find(isOf({ action, target }));
  if (i.state === 'resolved' || current === undefined || current.status !== 'pending') return unchanged(i);
  const failed = (a: ActionRecord): ActionRecord => ({ ...a, status: 'failed', error, completed_at: now });
  const next = change(i, { action, target }, failed, false, now);
  return changed(next, entry('action_failed', { action, target }));
}

/** An adapter lost what it held: the action is pending again, and a challenge written before this no longer counts. */
export function lose(i: Incident, { action, target }: NamedTarget, now: string): Verdict {
  const current = i.actions.find(isOf({ action, target }));
  if (i.state === 'resolved' || current === undefined || current.status !== 'held') return unchanged(i);
  const lost = ({ completed_at: _at, ...a }: ActionRecord): ActionRecord => ({ ...a, status: 'pending' });
  const next = change(i, { action, target }, lost, true, now);
  return changed(next, entry('action_lost', { action, target }), { kind: 'poke' });
}
