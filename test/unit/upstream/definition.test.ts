import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseUpstreams, upstreamsDigest, UpstreamsError } from '../../../domain/upstream/definition.ts';
import { sha256 } from '../../../db/write/change.ts';

const entry = { name: 'model', kind: 'provider', url: 'https://models.example/v1', auth_ref: 'env:MODEL_KEY' };
const file = (...upstreams: unknown[]) => ({ version: 1, upstreams });

function refused(raw: unknown): string[] {
  try {
    parseUpstreams(raw);
    return [];
  } catch (error) {
    if (!(error instanceof UpstreamsError)) throw error;
    return error.fields.map(({ path, code }) => `${code} ${path}`);
  }
}

describe('the upstreams file', () => {
  it('S1-02 has one digest for one meaning, whatever the order of its keys', () => {
    const reversed = Object.fromEntries(Object.entries(entry).reverse());
    const digest = (raw: unknown) => upstreamsDigest(parseUpstreams(raw), sha256);
    expect(digest(file(reversed))).toBe(digest(file(entry)));
    expect(digest(file({ ...entry, internal: false }))).toBe(digest(file(entry)));
    expect(digest(file({ ...entry, internal: true }))).not.toBe(digest(file(entry)));
  });

  const INLINE: [string, unknown, string][] = [
    ['a key beside the reference', { ...entry, api_key: 'abc' }, 'upstreams[0].api_key'],
    ['a value instead of the reference', { ...entry, auth_ref: 'hunter2hunter2hunter2' }, 'upstreams[0].auth_ref'],
    ['a password in the URL', { ...entry, url: 'https://me:secret@models.example/' }, 'upstreams[0].url'],
    ['a user alone in the URL', { ...entry, url: 'https://0123456789abcdef@models.example/' }, 'upstreams[0].url'],
    ['a key in the query of the URL', { ...entry, url: 'https://models.example/?api_key=abc' }, 'upstreams[0].url'],
    ['an encoded name in the query', { ...entry, url: 'https://models.example/?api%5Fkey=abc' }, 'upstreams[0].url'],
    [
      'a key in the path of a probe',
      { ...entry, readiness: { path: '/h?x=1&access_token=a' } },
      'upstreams[0].readiness.path',
    ],
    [
      'an Authorization header',
      { ...entry, readiness: { headers: { Authorization: 'x' } } },
      'upstreams[0].readiness.headers.Authorization',
    ],
    [
      'a header of another name',
      { ...entry, readiness: { headers: { 'X-Api-Key': 'x' } } },
      'upstreams[0].readiness.headers.X-Api-Key',
    ],
    [
      'a scheme that carries one',
      { ...entry, readiness: { headers: { Hello: 'Bearer abcdef' } } },
      'upstreams[0].readiness.headers.Hello',
    ],
    [
      'a well-known shape in a body',
      { ...entry, canary: { method: 'POST', body: ['sk-abcdefghijklmnopqrstuvwx'] } },
      'upstreams[0].canary.body[0]',
    ],
    [
      'a numeric password',
      { ...entry, canary: { method: 'POST', body: { password: 12345678 } } },
      'upstreams[0].canary.body.password',
    ],
    [
      'a URL that is the credential',
      { ...entry, url: 'https://hooks.slack.com/services/T0/B0/abc' },
      'upstreams[0].url',
    ],
    ['a client secret', { ...entry, oauth: { client_secret: 'x' } }, 'upstreams[0].oauth.client_secret'],
  ];
  it.each(INLINE)('S1-04 refuses %s, with its place and without its value', (_what, raw, place) => {
    expect(refused(file(raw))).toContain(`inline_secret ${place}`);
  });

  it('S1-04 refuses any value where a reference belongs, and never repeats it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (value) => {
        fc.pre(!/^(env|file|slot):/.test(value));
        let said = '';
        try {
          parseUpstreams(file({ ...entry, auth_ref: value }));
        } catch (error) {
          said = JSON.stringify(error) + String(error);
        }
        expect(said).toContain('inline_secret at upstreams[0].auth_ref');
        if (value.length > 12) expect(said).not.toContain(value);
      }),
    );
  });

  it('refuses to send a credential in the clear, but within the own network', () => {
    const clear = { ...entry, url: 'http://models.example/v1' };
    expect(refused(file(clear))).toEqual(['needs_tls upstreams[0].url']);
    expect(refused(file({ ...clear, internal: true }))).toEqual([]);
    expect(refused(file({ name: 'open', kind: 'provider', url: clear.url }))).toEqual([]);
  });

  it('lets no MCP server say where the secret of a client is sent', () => {
    const oauth = { client_id: 'i', grant: 'client_credentials', client_auth: 'basic' };
    const mcp = { ...entry, kind: 'mcp', auth: 'oauth', oauth };
    expect(refused(file(mcp))).toEqual(['issuer_required upstreams[0].oauth']);
    expect(refused(file({ ...mcp, oauth: { ...oauth, issuer: 'https://issuer.example' } }))).toEqual([]);
  });

  it('takes what only sounds like a credential', () => {
    const canary = {
      method: 'POST',
      path: '/chat?stream=0',
      body: { max_tokens: 1, messages: [{ content: 'the key' }] },
    };
    expect(refused(file({ ...entry, canary }))).toEqual([]);
  });

  it('refuses what is unknown, missing, repeated or does not go together', () => {
    expect(refused(file({ ...entry, colour: 'red' }))).toEqual(['unknown_field upstreams[0].colour']);
    expect(refused({ version: 1 })).toEqual(['required upstreams']);
    expect(refused(file(entry, entry))).toEqual(['repeated upstreams[1].name']);
    expect(refused(file({ ...entry, default: true }, { ...entry, name: 'b', default: true }))).toEqual([
      'repeated upstreams[1].default',
    ]);
    expect(refused(file({ ...entry, auth: 'header' }))).toEqual(['required upstreams[0].auth_header']);
    expect(refused(file({ ...entry, auth: 'none' }))).toEqual(['invalid_value upstreams[0].auth']);
    expect(refused(file({ ...entry, kind: 'oauth' }))).toEqual(['required upstreams[0].oauth']);
    expect(refused(file({ ...entry, canary: { tool: 'echo' } }))).toEqual(['invalid_value upstreams[0].canary']);
    expect(refused(file({ ...entry, url: 'ftp://models.example' }))).toEqual(['invalid_value upstreams[0].url']);
    expect(refused(file({ ...entry, readiness: { path: 'elsewhere' } }))).toEqual([
      'invalid_value upstreams[0].readiness.path',
    ]);
  });
});
