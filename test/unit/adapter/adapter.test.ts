import { describe, expect, it } from 'vitest';
import { verifySignature } from '../../../deploy/reference-adapter/signature.mjs';
import { signedHeaders } from '../../../activities/adapters/sign.ts';
import { parseDefinition } from '../../../domain/adapter/definition.ts';
import { parseSecretRef } from '../../../domain/secret/secret-ref.ts';
import { judgeReply, pauseMs } from '../../../domain/adapter/state.ts';

const GOOD = {
  mode: 'external',
  url: 'https://adapter.example/hook',
  actions: ['freeze_agent', 'disable_tool'],
  secret: { ref: 'file:/run/secrets/adapter' },
};

describe('an answer', () => {
  it.each([
    [200, '{"generation":7}', null],
    [204, '{"generation":7,"more":1}', null],
    [200, '{"generation":8}', 'generation_mismatch'],
    [200, '{"generation":"7"}', 'reply_malformed'],
    [200, '', 'reply_malformed'],
    [200, 'null', 'reply_malformed'],
    [301, '{"generation":7}', 'redirected'],
    [401, '{"generation":7}', 'refused'],
    [500, '', 'refused'],
  ])('of %i %s is %s', (status, body, code) => expect(judgeReply({ status, body }, 7)).toBe(code));
});

it('pauses from 0.2 s to 30 s', () => {
  expect([1, 2, 3, 8, 9, 100].map(pauseMs)).toEqual([200, 400, 800, 25_600, 30_000, 30_000]);
});

describe('a definition', () => {
  it('is complete or refused, with every field that is wrong', () => {
    expect(parseDefinition(GOOD)).toMatchObject({ ok: true, definition: { internal: false } });
    expect(parseDefinition({})).toMatchObject({
      fields: ['mode', 'url', 'actions', 'secret'].map((path) => ({ path, code: 'required' })),
    });
  });

  it.each([
    ['url', 'ftp://a.example', 'url', 'invalid_value'],
    ['url', 'https://user:pass@a.example', 'url', 'inline_secret'],
    ['url', 'https://a.example/#x', 'url', 'invalid_value'],
    ['actions', ['log_alert'], 'actions', 'unknown_action'],
    ['actions', ['freeze_agent', 'freeze_agent'], 'actions', 'repeated'],
    ['secret', 'hunter2', 'secret', 'inline_secret'],
    ['secret', { value: 'hunter2' }, 'secret.value', 'inline_secret'],
    ['secret', { ref: 'hunter2' }, 'secret.ref', 'inline_secret'],
    ['command', 'rm', 'command', 'unknown_field'],
    ['mode', 'both', 'mode', 'invalid_value'],
  ])('with %s %j is refused', (key, value, path, code) => {
    expect(parseDefinition({ ...GOOD, [key]: value })).toEqual({ ok: false, fields: [{ path, code }] });
  });

  it('names its secret by a place, never one of our own variables', () => {
    expect(parseSecretRef('env:ADAPTER_SECRET')).toEqual({ kind: 'env', name: 'ADAPTER_SECRET' });
    expect(parseSecretRef('slot:adapters.frost')).toEqual({ kind: 'slot', slot: 'adapters.frost', which: 'current' });
    expect(parseSecretRef('slot:a@previous')).toEqual({ kind: 'slot', slot: 'a', which: 'previous' });
    for (const bad of [
      'slot:',
      'slot:A',
      'slot:a@first',
      'slot:a/b',
      'env:INTERLOCK_DATABASE_URL',
      'file:relative',
      'file:/a/../b',
      'env:',
      'secret',
    ])
      expect(parseSecretRef(bad), bad).toBeNull();
  });
});

describe('a signature', () => {
  const body = '{"test":true}';
  const now = 1_700_000_000_000;

  it('is that of Standard Webhooks', () => {
    // The example of the specification's libraries.
    const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
    const headers = signedHeaders('msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330_000, '{"test": 2432232314}', [key]);
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('holds for whoever knows either secret, for this body, now', () => {
    const headers = signedHeaders('msg_1', now, body, [Buffer.from('the old secret'), Buffer.from('the new secret')]);
    expect(verifySignature(headers, body, ['the old secret'], now)).toBe(true);
    expect(verifySignature(headers, body, ['the new secret'], now)).toBe(true);
    expect(verifySignature(headers, body, ['another secret'], now)).toBe(false);
    expect(verifySignature(headers, `${body} `, ['the old secret'], now)).toBe(false);
    expect(verifySignature(headers, body, ['the old secret'], now + 301_000)).toBe(false);
  });
});
