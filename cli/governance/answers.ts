import type { Output } from '../output/output.ts';

/** A waiver as the server answers it. */
export interface WaiverAnswer {
  waiver_id: string;
  state: string;
  waiver_digest: string;
  bundle: { name: string; version: string; digest: string };
  transition_digest: string;
  scope: string;
  license_digest: string;
  role: string;
  identity: string;
  key_id: string;
  by: string;
  waived_at: string;
  not_after: string;
  revoked_at: string | null;
  revoked_by: string | null;
  revoke_reason: string | null;
}

export type RecordedWaiver = WaiverAnswer & { line: string };

export const waiverPath = (id: string): string => `/v1/governance/waivers/${encodeURIComponent(id)}`;

/** A waiver line by line; `more` behind what every waiver has. */
export const waiverFacts = (
  out: Output,
  w: WaiverAnswer,
  more: readonly (readonly [string, string | number | boolean | null | undefined])[] = [],
): void =>
  out.facts([
    ['waiver', w.waiver_id],
    ['state', w.state],
    ['bundle', `${w.bundle.name}@${w.bundle.version} ${w.bundle.digest}`],
    ['transition', w.transition_digest],
    ['scope', w.scope],
    ['by', `${w.by} as ${w.role}, ${w.identity}`],
    ['key', w.key_id],
    ['license', w.license_digest],
    ['waived_at', w.waived_at],
    ['not_after', w.not_after],
    ...(w.revoked_at === null
      ? []
      : [['revoked', `${w.revoked_at} by ${String(w.revoked_by)}: ${String(w.revoke_reason)}`] as const]),
    ...more,
  ]);

/** An override as the server answers it. */
export interface OverrideAnswer {
  override_id: string;
  state: string;
  ticket: string;
  reason: string;
  opened_by: string;
  opened_at: string;
  not_after: string;
  ended_at: string | null;
  ended_by: string | null;
  export_id: string | null;
  review_due: string;
  reviewed_at: string | null;
  reviewed_by: string | null;
  review_note: string | null;
  single_operator: boolean;
}

export const overridePath = (id: string): string => `/v1/exports/overrides/${encodeURIComponent(id)}`;

export const overrideFacts = (out: Output, o: OverrideAnswer): void =>
  out.facts([
    ['override', o.override_id],
    ['state', o.state],
    ['ticket', o.ticket],
    ['reason', o.reason],
    ['opened', `${o.opened_at} by ${o.opened_by}`],
    ['expires', o.not_after],
    ['ended', o.ended_at === null ? 'not yet' : `${o.ended_at} by ${String(o.ended_by)}`],
    ['export', o.export_id ?? 'none'],
    ['reviewed', o.reviewed_at === null ? `due ${o.review_due}` : `${o.reviewed_at} by ${String(o.reviewed_by)}`],
    ...(o.review_note === null ? [] : [['note', o.review_note] as const]),
    ...(o.single_operator ? [['single_operator', true] as const] : []),
  ]);
