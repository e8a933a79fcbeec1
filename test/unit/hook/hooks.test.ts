import { describe, expect, it } from 'vitest';
import { parseHooks } from '../../../domain/hook/hooks.ts';

const set = (url: string) => ({
  version: 1,
  hooks: [
    {
      name: 'duty',
      url,
      events: ['alert'],
      min_severity: 'low',
      secret: { ref: 'slot:duty' },
      internal: false,
    },
  ],
});

describe('the address of a hook', () => {
  it.each(['https://duty.example/alerts', 'https://duty.example:8443/in?team=sre'])('may be %s', (url) =>
    expect(parseHooks(set(url)).ok).toBe(true),
  );

  it.each([
    'https://hooks.slack.com/services/T000/B000/abc',
    'https://duty.example/in?token=abc',
    'https://duty.example/in?api_key=abc',
  ])('is no place for a credential, for everyone may read it: %s', (url) =>
    expect(parseHooks(set(url))).toEqual({ ok: false, fields: [{ path: 'hooks[0].url', code: 'inline_secret' }] }),
  );
});
