import { createRemoteJWKSet, customFetch } from 'jose';
import type { RemoteJWKSet } from 'jose';
import { z } from 'zod';
import { FetchError, getJson, isSecureUrl } from '../egress/get-json.ts';

const TIMEOUT_MS = 5_000;
const MOST_BYTES = 256 * 1024;
/** An issuer that did not answer is asked again after this long: callers are not what decides how often it is asked. */
const BACK_OFF_MS = 5_000;
/** Keys are used for so long without asking the issuer; the key of an unknown id is asked for at most once in 30 s. */
const KEYS_FRESH_MS = 600_000;
const COOLDOWN_MS = 30_000;
/** Where the keys are. */
const DISCOVERY_FRESH_MS = 3_600_000;

const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

export interface IssuerKeysOptions {
  backOffMs?: number;
  cooldownMs?: number;
  keysFreshMs?: number;
}

/**
 * The key set of an issuer (OpenID Connect Discovery 1.0 section 4, RFC 7517), found and cached. The issuer's own host may
 * be private or loopback, for the configuration names it; another host that its document names must be public. Errors:
 * FetchError.
 */
export function issuerKeys(
  issuer: string,
  { backOffMs = BACK_OFF_MS, cooldownMs = COOLDOWN_MS, keysFreshMs = KEYS_FRESH_MS }: IssuerKeysOptions = {},
): () => Promise<RemoteJWKSet> {
  const home = new URL(issuer);
  let failed: { until: number; error: unknown } | undefined;
  let known: { until: number; uri: string; keys: RemoteJWKSet } | undefined;
  let asking: Promise<RemoteJWKSet> | undefined;

  async function get(url: URL): Promise<unknown> {
    if (failed !== undefined && performance.now() < failed.until) throw failed.error;
    try {
      const internal = url.hostname === home.hostname;
      const body = await getJson(url, { internal, timeoutMs: TIMEOUT_MS, mostBytes: MOST_BYTES });
      failed = undefined;
      return body;
    } catch (error) {
      failed = { until: performance.now() + backOffMs, error };
      throw error;
    }
  }

  async function discover(): Promise<RemoteJWKSet> {
    const found = discovery.safeParse(
      await get(new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)),
    );
    if (!found.success || found.data.issuer !== issuer) throw new FetchError('malformed');
    const { jwks_uri: uri } = found.data;
    if (!isSecureUrl(new URL(uri))) throw new FetchError('insecure');
    const until = performance.now() + DISCOVERY_FRESH_MS;
    if (known?.uri === uri) known = { ...known, until };
    else
      known = {
        until,
        uri,
        keys: createRemoteJWKSet(new URL(uri), {
          timeoutDuration: TIMEOUT_MS,
          cooldownDuration: cooldownMs,
          cacheMaxAge: keysFreshMs,
          [customFetch]: async (url) => {
            try {
              return Response.json(await get(new URL(url)));
            } catch (error) {
              // Where the keys were is asked for again: they may have moved.
              known = known && { ...known, until: 0 };
              throw error;
            }
          },
        }),
      };
    return known.keys;
  }

  return async () => {
    if (known !== undefined && performance.now() < known.until) return known.keys;
    asking ??= discover().finally(() => (asking = undefined));
    return asking;
  };
}
