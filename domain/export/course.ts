// An export leaves only by a grant that stands at that moment, with its integrity checked and the airlock open; all else ends or waits.
import { ADVISED, isResumable, LIFTED_BY_OVERRIDE } from './reasons.ts';
import { isOver, stepOf } from './record.ts';
import type { Basis, Export, ExportEvent, ExportRefusal, ExportStep, Gates, Leniency } from './record.ts';
import { lacking, standing } from './quorum.ts';
import type { ExportReason, ExportState } from './types.ts';

export type Verdict = { ok: true; export: Export } | { ok: false; code: ExportRefusal };

/** So often is a step tried before the export gives up. */
export const ATTEMPTS = 5;
export const HELD_MS = 30_000;
const FIRST_PAUSE_MS = 1_000;

const after = (now: string, ms: number): string => new Date(Date.parse(now) + ms).toISOString();

/** What becomes of an export by what happened. An event that its state knows nothing of is a defect, and thrown. */
export function advance(x: Export, event: ExportEvent, now: string): Verdict {
  switch (event.kind) {
    case 'approve':
    case 'reject':
    case 'cancel':
    case 'waive':
    case 'expire':
      return isOver(x) ? { ok: false, code: 'export_over' } : decided(x, event, now);
    case 'discarded':
      return { ok: true, export: settled(at(x, 'discard'), { handle: null }) };
    case 'failed':
      return { ok: true, export: failed(x, event, now) };
    case 'stopped':
      return { ok: true, export: stopped(running(x), event.reason, now) };
    case 'preflighting':
    case 'preflighted':
    case 'begin':
    case 'sealed':
    case 'opened':
    case 'sent':
    case 'committing':
    case 'delivered':
      return { ok: true, export: taken(x, event, now) };
    default: {
      const unknown: never = event;
      throw new Error(`unknown event ${JSON.stringify(unknown)}`);
    }
  }
}

type Decision = Extract<ExportEvent, { kind: 'approve' | 'reject' | 'cancel' | 'waive' | 'expire' }>;

function decided(x: Export, event: Decision, now: string): Verdict {
  // Where there is one person, the requester is who confirms.
  if (event.kind === 'approve' && !event.yes.single_operator && event.yes.actor === x.requested_by)
    return { ok: false, code: 'self_approval' };
  // From here to its end nobody knows whether it has its name yet.
  if (event.kind === 'cancel' && x.state === 'exporting' && x.airlock_checked_at !== null)
    return { ok: false, code: 'export_completing' };
  if (event.kind === 'cancel') return { ok: true, export: ended(x, 'cancelled') };
  if (x.state !== 'pending_approval') return { ok: false, code: 'export_not_pending' };
  if (Date.parse(x.expires_at) <= Date.parse(now)) return { ok: true, export: ended(x, 'expired') };
  switch (event.kind) {
    case 'expire':
      return { ok: true, export: x };
    case 'reject':
      return { ok: true, export: ended(x, 'rejected') };
    case 'waive':
      if (event.waiver === null) return { ok: false, code: 'waiver_invalid' };
      return { ok: true, export: granted({ ...x, grant: waiverGrant(x, event.waiver) }, now) };
    case 'approve': {
      if (x.approvals.some((yes) => yes.actor === event.yes.actor)) return { ok: false, code: 'already_approved' };
      const approvals = [...x.approvals, event.yes];
      return { ok: true, export: granted({ ...x, approvals }, now) };
    }
  }
}

/** Moves on what has its grant by now; an export that an override has to lift something of is overridden, not merely approved. */
function granted(x: Export, now: string): Export {
  if (x.grant?.kind === 'waiver') return settled(x, { state: overrides(x) ? 'overridden' : 'waived' });
  const approvals = standing(x.approvals, now);
  if (lacking(x.quorum, approvals).length > 0) return x;
  return settled(x, { state: overrides(x) ? 'overridden' : 'approved', grant: { kind: 'approval', approvals } });
}

/** Whether it goes on only by an override: in advisory mode too, where the registry cannot be asked. */
const overrides = ({ findings, would_block }: Export): boolean =>
  findings.some((finding) => LIFTED_BY_OVERRIDE.includes(finding) && !would_block.includes(finding));

const waiverGrant = (x: Export, waiver: NonNullable<Leniency['waiver']>): Basis => ({
  kind: 'waiver',
  ...waiver,
  approvals: x.approvals,
});

type Taken = Extract<
  ExportEvent,
  { kind: 'preflighting' | 'preflighted' | 'begin' | 'sealed' | 'opened' | 'sent' | 'committing' | 'delivered' }
>;

function taken(x: Export, event: Taken, now: string): Export {
  switch (event.kind) {
    case 'preflighting':
      return { ...at(x, 'preflight'), state: 'preflight', held: false, reason_code: null };
    case 'preflighted':
      return preflighted(at(x, 'preflight'), event, now);
    case 'begin':
      return begun(at(x, 'begin'), event, now);
    case 'sealed':
      return settled(at(x, 'seal'), { statement_digest: event.statement_digest });
    case 'opened':
      return { ...at(x, 'deliver'), handle: event.handle };
    case 'sent': {
      const { handle, received, sha256 } = event;
      return settled(at(x, 'deliver'), { handle, received, archive_sha256: sha256, integrity_checked_at: now });
    }
    case 'committing':
      return behindGates(at(x, 'complete'), event, now) ?? { ...x, airlock_checked_at: now };
    case 'delivered': {
      if (at(x, 'complete').airlock_checked_at === null) throw new Error('delivered past the airlock');
      return settled(x, { state: 'exported', closed_during_commit: event.closed_meanwhile });
    }
  }
}

function at(x: Export, step: ExportStep): Export {
  if (stepOf(x) !== step) throw new Error(`${step} is not the step of this export`);
  return x;
}

/** What is not exporting is stopped by its preflight, which says so in its own way. */
function running(x: Export): Export {
  if (x.state !== 'exporting') throw new Error('an export that is not running was stopped');
  return x;
}

const settled = (x: Export, change: Partial<Export>): Export => ({
  ...x,
  attempts: 0,
  next_attempt_at: null,
  failure: null,
  ...change,
});

const ended = (x: Export, state: ExportState, change: Partial<Export> = {}): Export => ({
  ...settled(x, { held: false }),
  state,
  ...change,
});

type Preflighted = Extract<ExportEvent, { kind: 'preflighted' }>;

function preflighted(x: Export, { bundle, findings, waiver, override }: Preflighted, now: string): Export {
  const advised = (finding: ExportReason): boolean => x.mode === 'advisory' && ADVISED.includes(finding);
  // A closed airlock is waited for; everything else that stands against it is found before that.
  const found = {
    ...x,
    findings: findings.filter((finding) => finding !== 'airlock_closed'),
    would_block: findings.filter(advised),
    reason_code: null,
    held: false,
    digest: bundle?.digest ?? null,
    transition_digest: bundle?.transition_digest ?? null,
  };
  const lifted = (finding: ExportReason): boolean => override !== null && LIFTED_BY_OVERRIDE.includes(finding);
  // Nothing goes on without a manifest, whatever lifts what was found.
  const against = found.findings.find((finding) => bundle === null || !(advised(finding) || lifted(finding)));
  if (against !== undefined) return ended(found, 'blocked', { reason_code: against });
  if (findings.includes('airlock_closed')) return stopped(found, 'airlock_closed', now);
  if (bundle === null) throw new Error('a bundle was neither found nor missed');
  if (waiver !== null) return granted({ ...found, grant: waiverGrant(found, waiver) }, now);
  if (x.mode === 'enforce') return settled(found, { state: 'pending_approval' });
  const would_block: ExportReason[] = [...found.would_block, 'approval_missing'];
  return settled(found, { state: 'preflight', would_block, grant: { kind: 'advisory', would_block, approvals: [] } });
}

type Begin = Extract<ExportEvent, { kind: 'begin' }>;

/** The grant is judged again at the moment it is used, and each time that a held export goes on. */
function begun(x: Export, { waiver, override, ...gates }: Begin, now: string): Export {
  const against = grantRefusal(x, { waiver, override }, now);
  if (against !== null) return ended(x, 'blocked', { reason_code: against });
  const lifted = { ...x, override: overrides(x) ? override : null };
  return behindGates(lifted, gates, now) ?? settled(lifted, { state: 'exporting', reason_code: null, held: false });
}

function behindGates(x: Export, { airlock_open, quarantined }: Gates, now: string): Export | null {
  if (quarantined) return stopped(x, 'model_quarantined', now);
  return airlock_open ? null : stopped(x, 'airlock_closed', now);
}

function grantRefusal(x: Export, { waiver, override }: Leniency, now: string): ExportReason | null {
  switch (x.grant?.kind) {
    case undefined:
      return 'approval_missing';
    case 'waiver':
      if (waiver?.waiver_id !== x.grant.waiver_id) return 'waiver_invalid';
      break;
    case 'approval':
      if (lacking(x.quorum, standing(x.approvals, now)).length > 0) return 'approval_expired';
      break;
    case 'advisory':
      if (x.mode !== 'advisory') return 'approval_missing';
  }
  return overrides(x) && override === null ? 'override_spent' : null;
}

function stopped(x: Export, reason: ExportReason, now: string): Export {
  const held = isResumable(reason);
  const stop = { state: 'blocked', reason_code: reason, held, airlock_checked_at: null } as const;
  return settled(x, { ...stop, next_attempt_at: held ? after(now, HELD_MS) : null });
}

type Failed = Extract<ExportEvent, { kind: 'failed' }>;

function failed(x: Export, { code, retry }: Failed, now: string): Export {
  const attempts = x.attempts + 1;
  const again = { ...x, attempts, failure: code, next_attempt_at: after(now, FIRST_PAUSE_MS * 2 ** (attempts - 1)) };
  if (retry && attempts < ATTEMPTS) return again;
  // What cannot be discarded is left to the destination, which forgets it by itself.
  if (isOver(x)) return settled(x, { handle: null, failure: code });
  return ended(x, 'failed', { failure: code });
}
