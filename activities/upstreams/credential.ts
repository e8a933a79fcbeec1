import { authMode } from '../../domain/upstream/definition.ts';
import type { Upstream } from '../../domain/upstream/definition.ts';
import type { ProbeCode } from '../../domain/upstream/probes.ts';
import { SecretError } from './secret-error.ts';
import { OauthError } from './oauth-error.ts';
import type { UpstreamDeps } from './deps.ts';

/** A credential that is not there to be used, before anything was sent. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError';
  readonly code: ProbeCode;
  constructor(code: ProbeCode) {
    super(`credential: ${code}`);
    this.code = code;
  }
}

/** The headers that carry the credential of an upstream. Errors: CredentialError, EgressError of a refresh. */
export async function credentialHeaders(upstream: Upstream, deps: UpstreamDeps): Promise<Record<string, string>> {
  const mode = authMode(upstream);
  switch (mode) {
    case 'none':
      return {};
    case 'bearer':
      return { authorization: `Bearer ${await secretOf(upstream, deps)}` };
    case 'basic':
      return { authorization: `Basic ${Buffer.from(await secretOf(upstream, deps)).toString('base64')}` };
    case 'header':
      return { [upstream.auth_header ?? '']: await secretOf(upstream, deps) };
    case 'oauth': {
      const token = await deps.accessToken(upstream).catch((error: unknown) => {
        throw error instanceof OauthError ? new CredentialError(error.probeCode) : error;
      });
      if (token === null) throw new CredentialError('not_logged_in');
      return { authorization: `Bearer ${token}` };
    }
    default: {
      const unknown: never = mode;
      throw new Error(`unknown mode ${String(unknown)}`);
    }
  }
}

/** The secret that the entry refers to, as it can travel in a header. */
export async function secretOf({ auth_ref }: Upstream, { readSecret }: UpstreamDeps): Promise<string> {
  try {
    const text = (await readSecret(auth_ref ?? '')).toString('utf8');
    // What breaks a header would be quoted by the error of whoever sends it.
    if (/^[\u0020-\u007e]+$/.test(text)) return text;
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
  }
  throw new CredentialError('reference_missing');
}
