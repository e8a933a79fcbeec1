import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDoor, TOKEN_SHA256, UI } from '../../support/door.ts';
import type { TestDoor } from '../../support/door.ts';

let door: TestDoor;
beforeAll(async () => {
  door = await startDoor();
});
afterAll(() => door?.close());

describe('without a valid credential', () => {
  const value = fc.oneof(
    fc.string({
      unit: fc.constantFrom(...Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)), ' '),
      maxLength: 60,
    }),
    fc.constantFrom('127.0.0.1', 'localhost', '::1', UI, 'null', 'for=127.0.0.1;host=localhost', 'same-origin', 'none'),
  );
  const credential = fc.oneof(
    value,
    value.map((text) => `Bearer ${text}`),
    fc.constantFrom(
      'Bearer vera',
      'Bearer',
      'Bearer  ',
      'Basic dmVyYTp2ZXJh',
      'bearer null',
      `Bearer ${'a'.repeat(8193)}`,
      `Bearer ${TOKEN_SHA256}`,
      'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.',
    ),
  );
  const names = ['Origin', 'Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Real-IP', 'Via'];
  const more = ['Sec-Fetch-Site', 'X-Interlock-Workspace', 'X-Interlock-On-Behalf-Of', 'X-Original-URL', 'Cookie'];
  const headers = fc.record(
    {
      Host: fc.oneof(value, fc.constantFrom('localhost', 'interlock.example', '127.0.0.1')),
      Authorization: credential,
      'Proxy-Authorization': credential,
      'X-Authorization': credential,
      ...Object.fromEntries([...names, ...more].map((name) => [name, value])),
    },
    { requiredKeys: [] },
  );

  it('S1-24 no combination of headers is anybody', async () => {
    await fc.assert(
      fc.asyncProperty(headers, fc.constantFrom('GET', 'POST', 'PUT', 'HEAD'), async (given, method) => {
        const { status } = await door.ask(given, method);
        expect([400, 401, 403, 429, 431]).toContain(status);
      }),
      { numRuns: 400 },
    );
  });
});
