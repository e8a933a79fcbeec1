import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { testStack } from '../support/stack.ts';
import type { TestStack } from '../support/stack.ts';
import { typedAt } from '../support/typed.ts';
import type { Ran } from '../support/typed.ts';

let t: TestStack;
let folder: string;
beforeAll(async () => {
  t = await testStack({ env: { INTERLOCK_WATCH_INTERVAL: '3600' } });
  folder = join(t.stateRoot, 'collected');
  mkdirSync(folder);
});
afterAll(() => t?.close());

/** `./script/interlock …`, in the folder of the evidence. */
const interlock = (...argv: string[]): Promise<Ran> => typedAt(t.stack.urls.api, argv, { cwd: folder });

describe('the evidence of an incident, as the runbook has it', () => {
  it('S1-98 S1-116 is collected when its processes have closed, verifies offline, and no more once a bit is another', async () => {
    const report = '{"class":"manifest_mismatch","source":"e2e","description":"d"}';
    const id = await t.sh(
      `curl -sf -X POST $API/api/v1/incidents/report -H 'Content-Type: application/json' -d '${report}' | jq -r .id`,
    );
    expect((await interlock('recovery', 'ack', id, '--operator', 'me@org')).code).toBe(0);
    expect((await interlock('incident', 'resolve', id)).code).toBe(0);
    const stored = () => t.sh(`curl -sf $API/v1/incidents/${id}/histories | jq -r '.[] | select(.digest) | .type'`);
    await eventually(async () => (await stored()).split('\n').sort().join() === 'incidentResponse,recoveryCeremony');
    expect(await interlock('evidence', 'collect', id)).toMatchObject({ code: 0, err: '' });
    const archive = readdirSync(folder).find((name) => name.startsWith(`evidence-${id}-`)) ?? '';
    expect([archive.endsWith('.tar'), statSync(join(folder, archive)).mode & 0o777]).toEqual([true, 0o600]);
    expect((await t.sh(`tar -tf ${join(folder, archive)}`)).match(/histories\/\w+-[0-9a-f-]{36}\.json/g)).toHaveLength(
      2,
    );

    writeFileSync(join(folder, 'ledger.key'), `${await t.sh('curl -sf $API/ledger/key')}\n`);
    const verify = (file: string) => interlock('evidence', 'verify', file, '--key', 'ledger.key');
    const verified = await verify(archive);
    expect([verified.code, verified.out.split('\n')[0]]).toEqual([0, 'verified: yes']);
    expect((await interlock('evidence', 'list', id)).out).toContain('local-operator');

    const bytes = readFileSync(join(folder, archive));
    const at = bytes.indexOf('"description": "d"');
    bytes[at + 16] = (bytes[at + 16] ?? 0) ^ 1;
    writeFileSync(join(folder, 'altered.tar'), bytes);
    const altered = await verify('altered.tar');
    expect(altered.code).toBe(1);
    expect(altered.out).toMatch(/^file_altered +incident\.json /m);
    const told = (await interlock('timeline', id)).out;
    expect(told).toMatch(/process_history_stored[\s\S]*evidence_collected/);
  }, 180_000);
});
