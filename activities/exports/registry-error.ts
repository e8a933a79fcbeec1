import type { ExportReason } from '../../domain/export/types.ts';

export type RegistryReason = Extract<
  ExportReason,
  | 'registry_unreachable'
  | 'registry_auth_failed'
  | 'bundle_unregistered'
  | 'blob_missing'
  | 'blob_corrupt'
  | 'blob_store_unreachable'
  | 'blob_store_denied'
  | 'model_quarantined'
  | 'license_missing'
  | 'profile_unpinned'
>;

/** Why a bundle or a blob could not be had. The message carries neither the address nor what was answered. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly code: RegistryReason;

  constructor(code: RegistryReason, cause?: unknown) {
    super(`registry: ${code}`, { cause });
    this.code = code;
  }
}

/** What the registry and the store say of a blob is the reason, as it is. */
const SAID = [
  'blob_missing',
  'blob_corrupt',
  'blob_store_unreachable',
  'blob_store_denied',
  'model_quarantined',
] as const;

/** The reason that a problem's code is; undefined for any other code. */
export const reasonOfCode = (code: unknown): RegistryReason | undefined => SAID.find((known) => known === code);

/** The reason in an answer of a registry that is not the one that was asked for. */
export function reasonOfAnswer(status: number, code: unknown, about: 'bundle' | 'blob'): RegistryReason {
  if (status === 401 || status === 403) return 'registry_auth_failed';
  const said = reasonOfCode(code);
  if (said !== undefined) return said;
  if (status === 404) return about === 'bundle' ? 'bundle_unregistered' : 'blob_missing';
  return 'registry_unreachable';
}
