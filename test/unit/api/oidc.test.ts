import { createHmac, createPublicKey } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createOidc } from '../../../api/auth/oidc.ts';
import { AUDIENCE, issuerKey, now, pipelineToken, startIssuer } from '../../support/oidc-issuer.ts';
import type { IssuerKey, OidcIssuer } from '../../support/oidc-issuer.ts';

const rules = () => TABLE;
const TABLE = [
  { match: { repository: 'acme/app', ref: 'refs/heads/main' }, role: 'operator', workspace: 'default' },
  { match: { repository: 'acme/app' }, role: 'viewer', workspace: 'lab' },
] as const;

let es: IssuerKey, rs: IssuerKey, stranger: IssuerKey;
let issuer: OidcIssuer;
let reasons: unknown[];
let judge: ReturnType<typeof createOidc>;

beforeAll(async () => {
  [es, rs, stranger] = await Promise.all([issuerKey('es'), issuerKey('rs', 'RS256'), issuerKey('es')]);
});
beforeEach(async () => {
  issuer = await startIssuer([es.jwk, rs.jwk]);
  reasons = [];
  const onUnreachable = (error: unknown) => reasons.push(error);
  judge = createOidc({ issuer: issuer.url, audience: AUDIENCE, rules, onUnreachable, backOffMs: 0, cooldownMs: 0 });
  return () => issuer.close();
});

const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claimsOf = (token: string) => token.split('.')[1] ?? '';

describe('an OIDC token', () => {
  it('ends by the clock it is given, not by that of this machine', async () => {
    const by = (shift: number) =>
      createOidc({
        issuer: issuer.url,
        audience: AUDIENCE,
        rules,
        now: () => Promise.resolve(new Date(Date.now() + shift)),
      });
    const token = await pipelineToken(issuer.url, es);
    expect(await by(0)(token)).toBeDefined();
    expect(await by(3_600_000)(token)).toBeUndefined();
    expect(await by(-3_600_000)(token)).toBeUndefined();
  });

  it('of RS256 or ES256 is its pipeline, in the role and workspace of the first rule that matches', async () => {
    const host = new URL(issuer.url).host;
    for (const key of [es, rs]) {
      const token = await pipelineToken(issuer.url, key);
      const main = {
        actor: `oidc:${host}:repo:acme/app:ref:refs/heads/main`,
        roles: ['operator'],
        workspace_id: 'default',
        requests_only: true,
      };
      expect(await judge(token)).toEqual(main);
      expect(await judge(token)).toEqual(main);
    }
    const branch = await pipelineToken(issuer.url, es, { ref: 'refs/heads/x', sub: 'x' });
    expect(await judge(branch)).toMatchObject({ roles: ['viewer'], workspace_id: 'lab' });
    expect(issuer.asked).toEqual(['/.well-known/openid-configuration', '/keys']);
  });

  const refused: [string, (t: number) => Record<string, unknown>][] = [
    ['for another audience', () => ({ aud: 'another' })],
    ['for others as well', () => ({ aud: [AUDIENCE, 'another'] })],
    ['for nobody', () => ({ aud: undefined })],
    ['of another issuer', () => ({ iss: 'https://issuer.example' })],
    ['of nearly this issuer', () => ({ iss: 'SLASH' })],
    ['that has expired', (t) => ({ iat: t - 600, exp: t - 60 })],
    ['that never expires', () => ({ exp: undefined })],
    ['of unknown age', () => ({ iat: undefined })],
    ['that is not valid yet', (t) => ({ nbf: t + 60 })],
    ['from the future', (t) => ({ iat: t + 60, exp: t + 300 })],
    ['that lives for longer than 15 minutes', (t) => ({ iat: t, exp: t + 901 })],
    ['that was issued to live long and is nearly over', (t) => ({ iat: t - 3500, exp: t + 100 })],
    ['whose life is no number', (t) => ({ exp: String(t + 300) })],
    ['without a subject', () => ({ sub: undefined })],
    ['whose subject has a line break', () => ({ sub: 'a\nb' })],
    ['whose subject is too long', () => ({ sub: 'x'.repeat(256) })],
    ['that no rule takes', () => ({ repository: 'acme/another' })],
    ['whose claim is no string', () => ({ repository: ['acme/app'] })],
    ['without the claims of a rule', () => ({ repository: undefined })],
  ];
  it.each(refused)('%s is nobody', async (_what, changes) => {
    const claims = changes(now());
    const iss = claims['iss'] === 'SLASH' ? { iss: `${issuer.url}/` } : {};
    expect(await judge(await pipelineToken(issuer.url, es, { ...claims, ...iss }))).toBeUndefined();
  });

  it('that another key signed, or nobody, or an algorithm that is not taken, is nobody', async () => {
    const good = await pipelineToken(issuer.url, rs);
    const head = (alg: string, kid: string) => b64({ alg, kid });
    const spki = createPublicKey({ key: rs.jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const confused = `${head('HS256', 'rs')}.${claimsOf(good)}`;
    const wrong = await issuerKey('ps', 'PS256');
    issuer.keys.push(wrong.jwk, { kty: 'oct', k: b64('secret'), kid: 'oct', alg: 'HS256' });
    const tokens = [
      await pipelineToken(issuer.url, stranger),
      await pipelineToken(issuer.url, { ...stranger, kid: 'unknown' }),
      await pipelineToken(issuer.url, wrong),
      await pipelineToken(issuer.url, stranger, {}, { jwk: stranger.jwk }),
      await pipelineToken(issuer.url, { ...stranger, kid: 'x' }, {}, { jku: `${issuer.url}/strange`, x5u: issuer.url }),
      await pipelineToken(issuer.url, es, {}, { crit: ['exp'], exp: 1 }).catch(() => ''),
      `${head('none', 'rs')}.${claimsOf(good)}.`,
      `${head('none', 'rs')}.${claimsOf(good)}.${good.split('.')[2]}`,
      `${confused}.${createHmac('sha256', spki).update(confused).digest('base64url')}`,
      `${head('ES256', 'rs')}.${claimsOf(good)}.${good.split('.')[2]}`,
      `${good.slice(0, -5)}AAAAA`,
      `${good.split('.')[0]}.${b64({ iss: issuer.url })}.${good.split('.')[2]}`,
      `${good}.x`,
      good.replaceAll('.', ''),
    ];
    for (const token of tokens) expect(await judge(token), token).toBeUndefined();
    expect(issuer.asked).not.toContain('/strange');
    expect(await judge(good)).toBeDefined();
  });

  it('of a new key counts once the issuer shows it, and of an old one no longer once it is gone and looked for', async () => {
    expect(await judge(await pipelineToken(issuer.url, es))).toBeDefined();
    const next = await issuerKey('next');
    issuer.keys = [next.jwk];
    expect(await judge(await pipelineToken(issuer.url, next))).toBeDefined();
    expect(await judge(await pipelineToken(issuer.url, es))).toBeUndefined();
  });

  it('of an unknown key has the issuer asked once in a while, however many come', async () => {
    const calm = createOidc({ issuer: issuer.url, audience: AUDIENCE, rules });
    const token = await pipelineToken(issuer.url, { ...stranger, kid: 'unknown' });
    for (let i = 0; i < 20; i++) expect(await calm(token)).toBeUndefined();
    expect(issuer.asked.filter((path) => path === '/keys')).toHaveLength(1);
  });

  it('that does not say it is of this issuer costs it no request', async () => {
    for (const token of ['opaque', 'eyJ.eyJ.x', await pipelineToken('https://issuer.example', stranger)])
      expect(await judge(token)).toBeUndefined();
    expect(issuer.asked).toEqual([]);
  });
});

describe('an issuer', () => {
  const WELL_KNOWN = '/.well-known/openid-configuration';
  const document = (changed: object) =>
    JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys`, ...changed });
  const unreachable = async (token: string) => expect(judge(token)).rejects.toMatchObject({ code: 'oidc_unreachable' });

  it('that cannot be reached lets nobody in, and everybody again when it is back', async () => {
    const token = await pipelineToken(issuer.url, es);
    issuer.instead.set(WELL_KNOWN, { status: 500, body: '' });
    await unreachable(token);
    issuer.instead.clear();
    issuer.instead.set('/keys', { status: 503, body: '' });
    await unreachable(token);
    issuer.instead.clear();
    expect(await judge(token)).toBeDefined();
    await issuer.close();
    const another = createOidc({ issuer: issuer.url, audience: AUDIENCE, rules });
    await expect(another(token)).rejects.toMatchObject({ code: 'oidc_unreachable' });
  });

  it('is not asked again at once by those who keep coming', async () => {
    issuer.instead.set(WELL_KNOWN, { status: 500, body: '' });
    const calm = createOidc({ issuer: issuer.url, audience: AUDIENCE, rules });
    const token = await pipelineToken(issuer.url, es);
    for (let i = 0; i < 20; i++) await expect(calm(token)).rejects.toMatchObject({ code: 'oidc_unreachable' });
    expect(issuer.asked).toHaveLength(1);
  });

  it('whose documents are others than they should be is as good as none', async () => {
    const token = await pipelineToken(issuer.url, es);
    const documents = [
      [document({ issuer: 'https://issuer.example' }), 'malformed'],
      [document({ jwks_uri: 'http://issuer.example/keys' }), 'insecure'],
      [document({ jwks_uri: 'https://10.0.0.1/keys' }), 'address_refused'],
      [document({ jwks_uri: 'https://169.254.169.254/keys' }), 'address_refused'],
      [document({ jwks_uri: `https://[::1]:${new URL(issuer.url).port}/keys` }), 'address_refused'],
      [document({ jwks_uri: 'file:///etc/passwd' }), 'insecure'],
      [document({ jwks_uri: 7 }), 'malformed'],
      ['no JSON', 'malformed'],
      ['[]', 'malformed'],
      [' '.repeat(300 * 1024) + document({}), 'malformed'],
    ] as const;
    for (const [body, code] of documents) {
      issuer.instead.set(WELL_KNOWN, { status: 200, body });
      await unreachable(token);
      expect(reasons.at(-1), body).toMatchObject({ code });
    }
    issuer.instead.set(WELL_KNOWN, { status: 302, body: '', headers: { location: `${issuer.url}/elsewhere` } });
    await unreachable(token);
    expect(issuer.asked).not.toContain('/elsewhere');
    issuer.instead.clear();
    issuer.instead.set('/keys', { status: 200, body: '{"keys":7}' });
    await unreachable(token);
    issuer.instead.clear();
    expect(await judge(token)).toBeDefined();
  });
});
