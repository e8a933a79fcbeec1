import { createHmac } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testStack } from '../support/stack.ts';
import type { TestStack } from '../support/stack.ts';
import { typedAt } from '../support/typed.ts';
import type { Ran } from '../support/typed.ts';

let t: TestStack;
let folder: string;
let key: string;
beforeAll(async () => {
  t = await testStack({ env: { INTERLOCK_WATCH_INTERVAL: '3600' } });
  folder = join(t.stateRoot, 'evidence');
  key = join(t.stateRoot, 'keys/forensic.key');
  mkdirSync(folder);
});
afterAll(() => t?.close());

/** `./script/interlock …`, in the folder of the evidence. */
const interlock = (...argv: string[]): Promise<Ran> => typedAt(t.stack.urls.api, argv, { cwd: folder });

const saved = (): string => readdirSync(folder).find((name) => /^forensic-bundle-\d{8}-\d{6}\.json$/.test(name)) ?? '';

describe('ForensicBundle, as the runbook has it', () => {
  it('S4-38 S4-44 is exported by the command line under a timestamped name with its SHA-256', async () => {
    expect([statSync(key).mode & 0o777, statSync(key).size >= 32]).toEqual([0o600, true]);
    const report = '{"class":"manifest_mismatch","source":"e2e","description":"d"}';
    await t.sh(`curl -sf -X POST $API/api/v1/incidents/report -H 'Content-Type: application/json' -d '${report}'`);
    expect(await interlock('forensic', 'export')).toMatchObject({ code: 0, err: '' });
    expect(await t.sh(`cd ${folder} && sha256sum -c ${saved()}.sha256`)).toBe(`${saved()}: OK`);
  });

  it('S4-42 S4-43 verifies with the server’s key and with the log’s, and no more once a byte is another', async () => {
    const verified = await interlock('forensic', 'verify', saved(), '--key-file', key);
    expect(verified).toMatchObject({ code: 0, err: '' });
    const line = await t.sh('curl -sf $API/ledger/key');
    expect((await interlock('forensic', 'verify', saved(), '--ledger-key', line)).code).toBe(0);
    await t.sh(`cd ${folder} && jq '.incidents[0].id = "INC-19990101-000000-0001"' ${saved()} > altered.json`);
    const altered = await interlock('forensic', 'verify', 'altered.json', '--key-file', key);
    expect(altered.code).toBe(1);
    expect(altered.out).toMatch(/^incident_altered +incidents\[0\] /m);
  });

  it('S4-40 S4-41 is what curl gets too, and what others compute of it', async () => {
    await t.sh(`cd ${folder} && mkdir curled && cd curled && curl -sf -OJ $API/api/v1/forensic/export`);
    const [name = ''] = readdirSync(join(folder, 'curled'));
    expect(name).toMatch(/^forensic-bundle-\d{8}-\d{6}\.json$/);
    const file = join(folder, 'curled', name);
    const { bundle_hash, signature } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
    const members = '{exported_at, incidents, audit_entries, system_state, policy_digest}';
    expect(await t.sh(`jq -cS -j '${members}' ${file} | sha256sum | cut -d' ' -f1`)).toBe(bundle_hash);
    expect(await t.sh(`jq -r .canonical_payload ${file} | base64 -d | sha256sum | cut -d' ' -f1`)).toBe(bundle_hash);
    const mac = createHmac('sha256', readFileSync(key)).update(Buffer.from(bundle_hash ?? '', 'hex'));
    expect(signature).toBe(mac.digest('hex'));
  });

  it('S4-41 a key that was retired verifies what it signed', async () => {
    mkdirSync(`${key}.retired`);
    renameSync(key, `${key}.retired/first`);
    await t.stack.kill('api', 'SIGTERM');
    await t.stack.ready('api');
    expect((await interlock('forensic', 'verify', saved(), '--key-file', key)).code).toBe(0);
    await t.sh(`cd ${folder} && mkdir second && cd second && curl -sf -OJ $API/api/v1/forensic/export`);
    const [name = ''] = readdirSync(join(folder, 'second'));
    const file = join(folder, 'second', name);
    expect((await interlock('forensic', 'verify', file, '--key-file', key)).code).toBe(0);
    expect((await interlock('forensic', 'verify', file, '--key-file', `${key}.retired/first`)).code).toBe(1);
  });
});
