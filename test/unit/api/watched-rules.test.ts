import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { watchRules } from '../../../api/auth/watched-rules.ts';

const folder = mkdtempSync(join(tmpdir(), 'interlock-rules-'));
const file = join(folder, 'claims.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

function replace(text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

it('rules count as they stand in the file; one that is no table has none, and the first stops the start', async () => {
  expect(() => watchRules(file, () => undefined)).toThrow(/cannot be read/);
  replace('- { match: { sub: a }, role: viewer }');
  const troubles: unknown[] = [];
  const rules = watchRules(file, (error) => troubles.push(error));
  expect(rules()).toMatchObject([{ match: { sub: 'a' } }]);
  replace('- { match: { sub: b }, role: viewer }');
  await pause(700);
  expect(rules()).toMatchObject([{ match: { sub: 'b' } }]);
  replace('- { match: { sub: b }, role: approver }');
  await pause(700);
  expect(rules()).toEqual([]);
  expect(troubles).toMatchObject([{ code: 'oidc_claims_malformed' }]);
  rmSync(file);
  await pause(700);
  expect(rules()).toEqual([]);
  replace('- { match: { sub: b }, role: viewer }');
  await pause(700);
  expect(rules()).toHaveLength(1);
});
