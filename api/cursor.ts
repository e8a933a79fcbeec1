import { invalidFields } from './fields.ts';

/** An opaque keyset cursor: the position of the last item of a page, as base64url JSON. */
export const encodeCursor = (position: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(position)).toString('base64url');

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const isInstant = (v: unknown): v is string => typeof v === 'string' && INSTANT.test(v) && !Number.isNaN(Date.parse(v));
const isId = (v: unknown): v is string => typeof v === 'string' && /^[\x21-\x7e]{1,200}$/.test(v);
const isPlace = (v: unknown): v is number => Number.isSafeInteger(v) && Number(v) >= 0;
const isRank = (v: unknown): v is number => Number.isInteger(v) && Number(v) >= 1 && Number(v) <= 4;

/** Errors: validation_failed, field `cursor`, for anything this server did not hand out. */
function decode(cursor: string): unknown[] {
  try {
    const position: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(position)) return position;
  } catch {
    // Falls through to the refusal.
  }
  return [];
}

const refuse = (): never => invalidFields({ path: 'cursor', code: 'invalid_value' });

export function incidentPosition(cursor: string): { severity_rank: number; created_at: string; id: string } {
  const [severity_rank, created_at, id] = decode(cursor);
  return isRank(severity_rank) && isInstant(created_at) && isId(id) ? { severity_rank, created_at, id } : refuse();
}

/** Of lists in the order of time: recoveries, rotations. */
export function recoveryPosition(cursor: string): { created_at: string; id: string } {
  const [created_at, id] = decode(cursor);
  return isInstant(created_at) && isId(id) ? { created_at, id } : refuse();
}

export function slotPosition(cursor: string): string {
  const [slot] = decode(cursor);
  return isId(slot) ? slot : refuse();
}

export function leasePosition(cursor: string): { not_after: string; lease_id: string } {
  const [not_after, lease_id] = decode(cursor);
  return isInstant(not_after) && isId(lease_id) ? { not_after, lease_id } : refuse();
}

export function auditPosition(cursor: string): { at: string; entry_id: number } {
  const [at, entry_id] = decode(cursor);
  return isInstant(at) && isPlace(entry_id) ? { at, entry_id } : refuse();
}

export function adapterPosition(cursor: string): { name: string } {
  const [name] = decode(cursor);
  return isId(name) ? { name } : refuse();
}

export function logPosition(cursor: string): { epoch: number; index: number } {
  const [epoch, index] = decode(cursor);
  return isPlace(epoch) && epoch <= 2 ** 31 - 1 && isPlace(index) ? { epoch, index } : refuse();
}

export function historyPosition(cursor: string): { workflow_id: string; run_id: string } {
  const [workflow_id, run_id] = decode(cursor);
  return isId(workflow_id) && isId(run_id) ? { workflow_id, run_id } : refuse();
}

export function notificationPosition(cursor: string): number {
  const [id] = decode(cursor);
  return isPlace(id) ? id : refuse();
}

export function evidencePosition(cursor: string): { collected_at: string; evidence_id: string } {
  const [collected_at, evidence_id] = decode(cursor);
  return isInstant(collected_at) && isId(evidence_id) ? { collected_at, evidence_id } : refuse();
}

export function keyPosition(cursor: string): string {
  const [id] = decode(cursor);
  return isId(id) ? id : refuse();
}

/** Of deliveries about an incident: in the order of their notifications. */
export function deliveryPosition(cursor: string): { notification_id: number; delivery_id: string } {
  const [notification_id, delivery_id] = decode(cursor);
  return isPlace(notification_id) && isId(delivery_id) ? { notification_id, delivery_id } : refuse();
}

export function bundlePosition(cursor: string): { name: string; version: string } {
  const [name, version] = decode(cursor);
  return isId(name) && isId(version) ? { name, version } : refuse();
}
