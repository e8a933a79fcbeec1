import type { IncomingMessage } from 'node:http';
import type { Queryable } from '../db/client.ts';
import { getExport } from '../db/read/exports.ts';
import type { ExportWithApprovals } from '../db/read/exports.ts';
import { isOver } from '../domain/export/record.ts';
import type { ExportDestination } from '../domain/export/types.ts';
import { DomainError } from '../domain/problem/problem.ts';
import type { ExportCaller } from '../domain/process/export.ts';
import { isBundleName, isBundleVersion, readManifest } from '../domain/registry/manifest.ts';
import { isSingleOperator } from './instance.ts';
import { untilStill } from './prefer-wait.ts';
import type { Call } from './route.ts';

const MOST_DAYS = 3_650;
const UPSTREAM = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;

const only = (value: object, names: string[]): boolean => Object.keys(value).every((name) => names.includes(name));
const objectProblem = (value: unknown): string | null => {
  if (value === undefined) return 'required';
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? null : 'invalid_type';
};

export function bundleProblem(value: unknown): string | null {
  const wrong = objectProblem(value);
  if (wrong !== null) return wrong;
  const { name, version } = value as { name?: unknown; version?: unknown };
  if (!only(value as object, ['name', 'version'])) return 'unknown_field';
  const named = typeof name === 'string' && isBundleName(name) && typeof version === 'string';
  return named && isBundleVersion(version) ? null : 'invalid_value';
}

export function destinationProblem(value: unknown): string | null {
  const wrong = objectProblem(value);
  if (wrong !== null) return wrong;
  const { kind, upstream } = value as { kind?: unknown; upstream?: unknown };
  if (kind === 'file') return only(value as object, ['kind']) ? null : 'unknown_field';
  if (!only(value as object, ['kind', 'upstream'])) return 'unknown_field';
  return kind === 's3' && typeof upstream === 'string' && UPSTREAM.test(upstream) ? null : 'invalid_value';
}

export const destinationOf = (value: unknown): ExportDestination => {
  const { kind, upstream } = value as { kind: string; upstream?: string };
  return kind === 's3' && upstream !== undefined ? { kind, upstream } : { kind: 'file' };
};

export const manifestProblem = (value: unknown): string | null =>
  value === undefined || readManifest(value).ok ? null : 'invalid_value';

export function retainProblem(value: unknown): string | null {
  if (value === undefined) return null;
  if (!Number.isInteger(value)) return 'invalid_type';
  return Number(value) >= 1 && Number(value) <= MOST_DAYS ? null : 'invalid_value';
}

export function instantProblem(value: unknown): string | null {
  if (value === undefined) return null;
  if (typeof value !== 'string') return 'invalid_type';
  return INSTANT.test(value) && !Number.isNaN(Date.parse(value)) ? null : 'invalid_value';
}

/** A checked instant as the record writes it. */
export const instantOf = (value: unknown): string | null =>
  typeof value === 'string' ? new Date(value).toISOString() : null;

/** Whoever decides about an export, with the roles that were proved. */
export const exportCaller = ({ caller, principal }: Pick<Call, 'caller' | 'principal'>): ExportCaller => ({
  ...caller,
  roles: [...principal.roles],
  single_operator: isSingleOperator(principal),
});

/** Errors: export_not_found. */
export async function requireExport(
  db: Queryable,
  workspace_id: string,
  export_id: string,
): Promise<ExportWithApprovals> {
  const record = await getExport(db, workspace_id, export_id);
  if (record === undefined) throw new DomainError('export_not_found');
  return record;
}

const STEP_MS = 200;

const moves = (x: ExportWithApprovals): boolean => !isOver(x) && x.state !== 'pending_approval' && !x.held;

/** The export once nothing but people, or nothing at all, is waited for, or as it stands after `seconds`. */
export const untilQuiet = (
  db: Queryable,
  record: ExportWithApprovals,
  seconds: number,
  req: IncomingMessage,
): Promise<ExportWithApprovals> => {
  const read = () => getExport(db, record.workspace_id, record.export_id);
  return untilStill(record, { moves, read, stepMs: STEP_MS }, seconds, req);
};
