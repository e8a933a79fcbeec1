import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Finding } from '../../../domain/doctor/finding.ts';
import { hookOf, useHooks } from '../../support/hooks.ts';
import { json, startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api?.close());

async function found(): Promise<(string | boolean | null)[][]> {
  const { checks } = await json<{ checks: Finding[] }>(api.get('/v1/doctor'));
  return checks.filter(({ name }) => /^hooks\b/.test(name)).map(({ name, ok, code }) => [name, ok, code]);
}

it('a hook whose name leads to an address that nothing is sent to is found before an alert is lost', async () => {
  expect(await found()).toEqual([['hooks', true, null]]);
  await useHooks(
    api.db,
    hookOf('a-public', 'https://192.0.0.0.example.invalid/', 'slot:a', { internal: false }),
    hookOf('b-loopback', 'http://localhost:9/', 'slot:a', { internal: false }),
    hookOf('c-own', 'http://localhost:9/', 'slot:a', { internal: true }),
    hookOf('d-metadata', 'http://169.254.169.254/', 'slot:a', { internal: false }),
    hookOf('e-mapped', 'http://[::ffff:10.0.0.1]/', 'slot:a', { internal: false }),
    hookOf('f-public', 'http://8.8.8.8/', 'slot:a', { internal: false }),
    hookOf('g-many', 'http://224.0.0.1/', 'slot:a', { internal: true }),
  );
  expect(await found()).toEqual([
    ['hooks:a-public', false, 'name_unresolved'],
    ['hooks:b-loopback', false, 'address_refused'],
    ['hooks:c-own', true, null],
    ['hooks:d-metadata', false, 'address_refused'],
    ['hooks:e-mapped', false, 'address_refused'],
    ['hooks:f-public', true, null],
    ['hooks:g-many', false, 'address_refused'],
  ]);
});
