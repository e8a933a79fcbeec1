import { WAIVER_ID } from '../domain/governance/receipt.ts';
import { OVERRIDE_ID } from '../domain/export/override.ts';
import { DomainError } from '../domain/problem/problem.ts';
import { digestHex } from '../domain/registry/digest.ts';
import type { Waiver } from '../db/read/waivers.ts';
import { invalidFields } from './fields.ts';
import type { Call } from './route.ts';

type WithParams = Pick<Call, 'params'>;

/** The waiver in a path. Errors: waiver_not_found. */
export function waiverId({ params }: WithParams): string {
  const id = params['id'] ?? '';
  if (!WAIVER_ID.test(id)) throw new DomainError('waiver_not_found');
  return id;
}

/** The override in a path. Errors: override_not_found. */
export function overrideId({ params }: WithParams): string {
  const id = params['id'] ?? '';
  if (!OVERRIDE_ID.test(id)) throw new DomainError('override_not_found');
  return id;
}

/** `sha256:…` as it is given in a path or a query. Errors: validation_failed. */
export const digestParameter = (value: string, path: string): string =>
  digestHex(value) === undefined ? invalidFields({ path, code: 'invalid_value' }) : value;

/** A waiver as its readers see it. */
export const waiverView = ({ bundle_name, bundle_version, bundle_digest, digest, ...rest }: Waiver) => ({
  ...rest,
  waiver_digest: digest,
  bundle: { name: bundle_name, version: bundle_version, digest: bundle_digest },
});
