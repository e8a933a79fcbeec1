import { isBundleName, isBundleVersion } from '../../domain/registry/manifest.ts';
import type { BundleId } from '../../domain/registry/manifest.ts';
import { digestName } from '../../domain/registry/digest.ts';
import type { ListedBundle } from '../../db/read/registry.ts';
import { invalidFields } from '../fields.ts';
import type { Call } from '../route.ts';

/** The bundle in the path. Errors: validation_failed. */
export function bundleId({ params }: Pick<Call, 'params'>): BundleId {
  const { name = '', version = '' } = params;
  if (!isBundleName(name)) invalidFields({ path: 'name', code: 'invalid_value' });
  if (!isBundleVersion(version)) invalidFields({ path: 'version', code: 'invalid_value' });
  return { name, version };
}

/** A bundle as its readers see it. */
export const bundleView = ({ digest, ...bundle }: ListedBundle) => ({ ...bundle, digest: digestName(digest) });
