// The three things a judgement can say: refused with a code, accepted without a change, accepted with one.
import type { Effect, Incident, RefusalCode, Verdict } from './types.ts';

export const refuse = (code: RefusalCode, missing?: string[]): Verdict =>
  missing === undefined ? { ok: false, code } : { ok: false, code, missing };
export const unchanged = (incident: Incident): Verdict => ({ ok: true, incident, effects: [], changed: false });
export const changed = (incident: Incident, ...effects: Effect[]): Verdict => ({
  ok: true,
  incident,
  effects,
  changed: true,
});
