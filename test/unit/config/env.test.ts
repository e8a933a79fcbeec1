import { resolve } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../config/config-error.ts';
import { readEnv } from '../../../config/env.ts';

const embedded = {
  INTERLOCK_DATABASE_URL: 'postgres://interlock:pw@127.0.0.1:5515/interlock',
  INTERLOCK_TEMPORAL_ADDRESS: '127.0.0.1:7233',
  INTERLOCK_STATE_ROOT: 'state',
  INTERLOCK_ENV: 'embedded',
  INTERLOCK_LOOPBACK_TRUST: '1',
};

function refusal(environment: Record<string, string | undefined>): [string, string] {
  try {
    readEnv(environment);
  } catch (error) {
    if (error instanceof ConfigError) return [error.code, error.variable];
    throw error;
  }
  return ['accepted', ''];
}

describe('environment', () => {
  it('fills in the documented defaults', () => {
    const env = readEnv(embedded);
    expect(env).toMatchObject({
      bind: '127.0.0.1',
      port: 8515,
      attestationPort: 8505,
      integrityPort: 8510,
      temporalNamespace: 'default',
      relayWindow: 200,
      signals: 'unsigned',
      ledgerPublic: false,
      allowedHosts: [],
      corsOrigins: [],
      tokensFile: undefined,
    });
    expect([env.baseUrl, env.registryUrl]).toEqual(['http://127.0.0.1:8515', 'http://127.0.0.1:8515']);
    expect(env.stateRoot).toBe(resolve('state'));
    expect(env.blobRoot).toBe(resolve('state/blobs'));
    expect(env.anchorIntervalMs).toBe(300_000);
    expect([env.registryBlobLimit, env.registryGraceMs]).toEqual([16 * 1024 ** 3, 604_800_000]);
    expect(env.containmentFile).toBe(resolve('config/policy/containment.yaml'));
    expect(Object.isFrozen(env)).toBe(true);
  });

  it('reads lists, flags and numbers', () => {
    const env = readEnv({
      ...embedded,
      INTERLOCK_ALLOWED_HOSTS: 'interlock.example, ops.example',
      INTERLOCK_CORS_ORIGINS: 'http://localhost:5173, http://[::1]:5173',
      INTERLOCK_LOOPBACK_TRUST: '0',
      INTERLOCK_TOKENS_FILE: 'tokens.jsonl',
      INTERLOCK_LEDGER_PUBLIC: 'true',
      INTERLOCK_PORT: '9000',
      INTERLOCK_REGISTRY_URL: 'https://registry.example',
    });
    expect(env.allowedHosts).toEqual(['interlock.example', 'ops.example']);
    expect(env.corsOrigins).toEqual(['http://localhost:5173', 'http://[::1]:5173']);
    expect(env.ledgerPublic).toBe(true);
    expect(env.port).toBe(9000);
    expect([env.baseUrl, env.registryUrl]).toEqual(['http://127.0.0.1:9000', 'https://registry.example']);
  });

  it('leaves the variables of the scripts and of other programs alone', () => {
    expect(refusal({ ...embedded, INTERLOCK_CACHE: '/tmp/c', INTERLOCK_TPM_PORT: '2321', PATH: '' })[0]).toBe(
      'accepted',
    );
  });

  it('names a variable nobody reads', () => {
    expect(refusal({ ...embedded, INTERLOCK_PROT: '1' })).toEqual(['unknown', 'INTERLOCK_PROT']);
  });

  it.each(['HELIX_REGISTRY_ALLOW_UNREGISTERED_EXPORT', 'INTERLOCK_REGISTRY_ALLOW_UNREGISTERED_EXPORT'])(
    'S0-10 refuses %s with the command that took its place',
    (name) => {
      for (const value of ['1', '0', '']) {
        expect(refusal({ ...embedded, [name]: value })).toEqual(['refused', name]);
        expect(() => readEnv({ ...embedded, [name]: value })).toThrow(
          `${name} is not read; use interlock export override --ticket T --for 30m --reason R`,
        );
      }
    },
  );

  it('names a variable that is set but empty', () => {
    expect(refusal({ ...embedded, INTERLOCK_TOKENS_FILE: '' })).toEqual(['empty', 'INTERLOCK_TOKENS_FILE']);
    expect(refusal({ ...embedded, INTERLOCK_CACHE: ' ' })).toEqual(['empty', 'INTERLOCK_CACHE']);
  });

  it.each(['INTERLOCK_DATABASE_URL', 'INTERLOCK_TEMPORAL_ADDRESS', 'INTERLOCK_STATE_ROOT', 'INTERLOCK_ENV'])(
    'names %s when it is missing',
    (name) => {
      expect(refusal({ ...embedded, [name]: undefined })).toEqual(['missing', name]);
    },
  );

  it.each([
    ['INTERLOCK_PORT', '0'],
    ['INTERLOCK_PORT', '65536'],
    ['INTERLOCK_PORT', '85x'],
    ['INTERLOCK_ENV', 'prod'],
    ['INTERLOCK_BIND', 'somewhere'],
    ['INTERLOCK_DATABASE_URL', 'mysql://db'],
    ['INTERLOCK_TEMPORAL_ADDRESS', 'temporal'],
    ['INTERLOCK_LOOPBACK_TRUST', 'yes'],
    ['INTERLOCK_CORS_ORIGINS', 'https://ops.example/path'],
    ['INTERLOCK_CORS_ORIGINS', 'http://localhost:5173/'],
    ['INTERLOCK_CORS_ORIGINS', '*'],
    ['INTERLOCK_ALLOWED_HOSTS', 'a,,b'],
    ['INTERLOCK_ALLOWED_HOSTS', '*'],
    ['INTERLOCK_ALLOWED_HOSTS', '*.example'],
    ['INTERLOCK_ALLOWED_HOSTS', 'https://a.example'],
    ['INTERLOCK_RELAY_WINDOW', '-1'],
    ['INTERLOCK_URL', 'somewhere'],
    ['INTERLOCK_MASTER_KEY', 'hunter2'],
  ])('names %s when its value is %s', (name, value) => {
    expect(refusal({ ...embedded, [name]: value })).toEqual(['malformed', name]);
  });

  it('never repeats a value in its message', () => {
    const secret = 'mysql://u:hunter2@db';
    expect(() => readEnv({ ...embedded, INTERLOCK_DATABASE_URL: secret })).toThrow(
      /^INTERLOCK_DATABASE_URL has a value of the wrong form$/,
    );
  });

  it('takes OIDC whole or not at all', () => {
    const oidc = {
      INTERLOCK_OIDC_ISSUER: 'https://ci.example/a',
      INTERLOCK_OIDC_AUDIENCE: 'interlock',
      INTERLOCK_OIDC_CLAIMS_FILE: 'claims.yaml',
    };
    expect(readEnv({ ...embedded, ...oidc }).oidc).toEqual({
      issuer: 'https://ci.example/a',
      audience: 'interlock',
      claimsFile: resolve('claims.yaml'),
    });
    for (const name of Object.keys(oidc))
      expect(refusal({ ...embedded, ...oidc, [name]: undefined })).toEqual(['missing', name]);
    for (const issuer of [
      'http://ci.example',
      'ci.example',
      'https://u:p@ci.example',
      'https://ci.example/?a',
      'file:///a',
    ])
      expect(refusal({ ...embedded, ...oidc, INTERLOCK_OIDC_ISSUER: issuer })[0]).toBe('malformed');
    expect(refusal({ ...embedded, ...oidc, INTERLOCK_OIDC_ISSUER: 'http://[::1]:8080' })[0]).toBe('accepted');
  });

  describe('of a bucket for the blobs', () => {
    const s3 = {
      INTERLOCK_BLOB_BACKEND: 's3',
      INTERLOCK_S3_ENDPOINT_URL: 'http://127.0.0.1:7070',
      INTERLOCK_S3_BUCKET: 'interlock',
    };
    const keys = { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'hunter2hunter2' };

    it('is none by default, and refuses one that would not be used', () => {
      expect(readEnv(embedded).s3).toBeUndefined();
      expect(readEnv({ ...embedded, ...keys, INTERLOCK_BLOB_BACKEND: 'fs' }).s3).toBeUndefined();
      for (const name of ['INTERLOCK_S3_ENDPOINT_URL', 'INTERLOCK_S3_BUCKET'] as const)
        expect(refusal({ ...embedded, [name]: s3[name] })).toEqual(['refused', name]);
    });

    it('names what is missing or of the wrong form', () => {
      for (const name of ['INTERLOCK_S3_ENDPOINT_URL', 'INTERLOCK_S3_BUCKET']) {
        expect(refusal({ ...embedded, ...s3, [name]: undefined })).toEqual(['missing', name]);
        expect(refusal({ ...embedded, ...s3, [name]: '' })).toEqual(['empty', name]);
      }
      for (const [name, value] of [
        ['INTERLOCK_BLOB_BACKEND', 'gcs'],
        ['INTERLOCK_S3_ENDPOINT_URL', 's3.example'],
        ['INTERLOCK_S3_ENDPOINT_URL', 'http://u:p@s3.example'],
        ['INTERLOCK_S3_ENDPOINT_URL', 'http://s3.example/bucket'],
        ['INTERLOCK_S3_ENDPOINT_URL', 'http://224.0.0.1:7070'],
        ['INTERLOCK_S3_BUCKET', 'Bucket'],
        ['INTERLOCK_S3_RETENTION', 'compliance'],
        ['INTERLOCK_S3_RETENTION', 'forever:1'],
        ['INTERLOCK_S3_RETENTION', 'governance:0'],
      ] as const)
        expect(refusal({ ...embedded, ...s3, [name]: value }), value).toEqual(['malformed', name]);
    });

    it('S0-16 knows whether credentials are there, and never shows them', () => {
      expect(readEnv({ ...embedded, ...s3 }).s3).toMatchObject({ region: 'us-east-1', credentials: undefined });
      const blank = { ...keys, AWS_SECRET_ACCESS_KEY: ' ' };
      expect(readEnv({ ...embedded, ...s3, ...blank }).s3?.credentials).toBeUndefined();
      const all = { ...embedded, ...s3, ...keys, AWS_SESSION_TOKEN: 'hunter3hunter3', AWS_REGION: 'eu-central-1' };
      const env = readEnv({ ...all, INTERLOCK_S3_RETENTION: 'compliance:365' });
      expect(env.s3).toMatchObject({ region: 'eu-central-1', retention: { mode: 'COMPLIANCE', days: 365 } });
      const { secretAccessKey, sessionToken } = env.s3?.credentials ?? {};
      expect([secretAccessKey, sessionToken]).toEqual(['hunter2hunter2', 'hunter3hunter3']);
      expect(JSON.stringify(env) + inspect(env, { depth: 9, showHidden: true })).not.toContain('hunter');
    });
  });

  it('S1-29 refuses CORS origins that are not loopback, and any in loopback trust', () => {
    const bearer = { ...embedded, INTERLOCK_LOOPBACK_TRUST: '0', INTERLOCK_TOKENS_FILE: 'tokens.jsonl' };
    for (const origin of ['https://ops.example', 'http://localhost.ops.example', 'http://192.168.0.1:5173'])
      expect(refusal({ ...bearer, INTERLOCK_CORS_ORIGINS: origin })).toEqual(['refused', 'INTERLOCK_CORS_ORIGINS']);
    const own = { INTERLOCK_CORS_ORIGINS: 'http://localhost:5173' };
    expect(refusal({ ...bearer, ...own })[0]).toBe('accepted');
    expect(refusal({ ...embedded, ...own })).toEqual(['refused', 'INTERLOCK_CORS_ORIGINS']);
  });

  it('S1-03 refuses loopback trust on an address others can reach', () => {
    expect(refusal({ ...embedded, INTERLOCK_BIND: '0.0.0.0' })).toEqual(['refused', 'INTERLOCK_LOOPBACK_TRUST']);
    expect(refusal({ ...embedded, INTERLOCK_BIND: '::1' })[0]).toBe('accepted');
    expect(refusal({ ...embedded, INTERLOCK_BIND: '127.0.0.2' })[0]).toBe('accepted');
  });

  it('refuses a start without any way to authenticate', () => {
    const untrusted = { ...embedded, INTERLOCK_LOOPBACK_TRUST: '0' };
    expect(refusal(untrusted)).toEqual(['refused', 'INTERLOCK_TOKENS_FILE']);
    expect(readEnv({ ...untrusted, INTERLOCK_TOKENS_FILE: 'tokens' }).signals).toBe('signed');
  });

  it('refuses two master keys, and takes one', () => {
    const INTERLOCK_MASTER_KEY = '0f'.repeat(32);
    expect(refusal({ ...embedded, INTERLOCK_MASTER_KEY, INTERLOCK_MASTER_KEY_FILE: 'k' })).toEqual([
      'refused',
      'INTERLOCK_MASTER_KEY_FILE',
    ]);
    expect(readEnv({ ...embedded, INTERLOCK_MASTER_KEY }).masterKey?.key_id).toMatch(/^[0-9a-f]{16}$/);
  });

  it.each([
    { INTERLOCK_ADMIN_TOKEN_FILE: 'admin' },
    { INTERLOCK_READONLY_TOKEN_FILE: 'readonly' },
    { INTERLOCK_AUTH_MODE: 'bearer' },
  ])('S1-27 S1-28 starts with any way to authenticate: %j', (way) => {
    const env = readEnv({ ...embedded, INTERLOCK_LOOPBACK_TRUST: undefined, ...way });
    expect(env).toMatchObject({ loopbackTrust: false, signals: 'signed' });
  });

  it('S1-27 takes INTERLOCK_AUTH_MODE for loopback trust and for its opposite, never for both', () => {
    const asked = (mode: string, trust?: string) =>
      refusal({
        ...embedded,
        INTERLOCK_AUTH_MODE: mode,
        INTERLOCK_LOOPBACK_TRUST: trust,
        INTERLOCK_TOKENS_FILE: 'tokens',
      });
    expect(
      readEnv({ ...embedded, INTERLOCK_LOOPBACK_TRUST: undefined, INTERLOCK_AUTH_MODE: 'loopback' }),
    ).toMatchObject({
      loopbackTrust: true,
    });
    expect(asked('loopback', '1')[0]).toBe('accepted');
    expect(asked('bearer', '0')[0]).toBe('accepted');
    expect(asked('bearer', '1')).toEqual(['refused', 'INTERLOCK_AUTH_MODE']);
    expect(asked('loopback', '0')).toEqual(['refused', 'INTERLOCK_AUTH_MODE']);
    expect(asked('none')).toEqual(['malformed', 'INTERLOCK_AUTH_MODE']);
  });

  it('refuses one file for two privileges', () => {
    const both = { INTERLOCK_ADMIN_TOKEN_FILE: 'a', INTERLOCK_READONLY_TOKEN_FILE: './a' };
    expect(refusal({ ...embedded, ...both })).toEqual(['refused', 'INTERLOCK_READONLY_TOKEN_FILE']);
  });

  it('refuses unsigned signals outside loopback trust', () => {
    const untrusted = { ...embedded, INTERLOCK_LOOPBACK_TRUST: undefined, INTERLOCK_TOKENS_FILE: 'tokens' };
    expect(refusal({ ...untrusted, INTERLOCK_SIGNALS: 'unsigned' })).toEqual(['refused', 'INTERLOCK_SIGNALS']);
  });
});
