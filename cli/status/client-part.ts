import type { Client } from '../client.ts';
import type { Session } from '../command.ts';

/** What the client knows by itself, also with the server down. Says whether a secret is there, never which. */
export function clientPart({ baseUrl, hasToken }: Client, env: Session['env']): [string, string][] {
  const isSet = (name: string): boolean => (env[name] ?? '') !== '';
  return [
    ['base_url', baseUrl],
    ['token', hasToken ? 'set' : 'missing'],
    ['registry_url', registryUrl(env['INTERLOCK_REGISTRY_URL'])],
    ['registry_token', isSet('INTERLOCK_REGISTRY_TOKEN') ? 'set' : 'missing'],
    ['s3_credentials', isSet('AWS_ACCESS_KEY_ID') && isSet('AWS_SECRET_ACCESS_KEY') ? 'present' : 'missing'],
  ];
}

/** Where this client was told of no registry, the one that the server asks, and whether it has a credential for it. */
export function registryOf(own: [string, string][], status: Record<string, unknown>): [string, string][] {
  const { url, token } = (status['registry'] ?? {}) as { url?: unknown; token?: unknown };
  if (typeof url !== 'string' || !own.some(([key, value]) => key === 'registry_url' && value === 'missing')) return own;
  const said: Record<string, string> = { registry_url: url, registry_token: token === 'set' ? 'set' : 'missing' };
  return own.map(([key, value]) => [key, said[key] ?? value]);
}

/** Without credentials, should somebody have put them there. */
function registryUrl(text: string | undefined): string {
  if (text === undefined || text === '') return 'missing';
  const url = URL.parse(text);
  if (url === null) return 'not a URL';
  url.username = '';
  url.password = '';
  url.search = '';
  return url.href;
}
