import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testStack } from '../support/stack.ts';
import type { TestStack } from '../support/stack.ts';

let t: TestStack;
beforeAll(async () => {
  // The watch would report the same PCR by itself, as an incident of its own.
  t = await testStack({ env: { INTERLOCK_WATCH_INTERVAL: '3600' } });
});
afterAll(() => t.close());

const post = (path: string, body: string) =>
  `curl -s -X POST "$API${path}" -H 'Content-Type: application/json' -d '${body}'`;

describe('S4-32 the ten steps of a recovery, as the runbook prints them', () => {
  let id = '';

  it('S4-36 S4-37 before anything both state ports are trusted', async () => {
    expect(await t.sh('curl -s $ATTESTATION/api/v1/state | jq -r .state')).toBe('trusted');
    expect(await t.sh('curl -s $INTEGRITY/api/v1/state | jq -r .state')).toBe('trusted');
  });

  it('S4-33 1 detect: a PCR changes, the report degrades health and the attestor', async () => {
    await t.sh('tpm2_pcrextend 23:sha256=$(printf intruder | sha256sum | cut -d" " -f1)');
    const report = '{"class":"attestation_failure","source":"tpm-watch","description":"PCR 23 differs"}';
    id = await t.sh(`${post('/api/v1/incidents/report', report)} | jq -r .id`);
    expect(await t.sh('curl -s $API/health | jq -c .')).toBe('{"status":"ok","open_incidents":1,"total_incidents":1}');
    expect(await t.sh('curl -s $ATTESTATION/api/v1/state | jq -r .state')).toBe('degraded');
  });

  it('S4-18 2 identify: the list of contained incidents names it', async () => {
    const line = await t.sh(
      `curl -s "$API/api/v1/incidents?state=contained" | jq -c '.[] | [.id, .class, .severity, .state]'`,
    );
    expect(line).toBe(`["${id}","attestation_failure","critical","contained"]`);
  });

  it('S4-20 3 review: the record shows class, severity, evidence, actions and time', async () => {
    const keys = `jq -r '[.class, .severity, (.evidence | type), .containment_actions[], (.created_at | test("Z$"))] | join(" ")'`;
    expect(await t.sh(`curl -s "$API/api/v1/incidents/get?id=${id}" | ${keys}`)).toBe(
      'attestation_failure critical object freeze_agent disable_airlock force_vault_relock true',
    );
  });

  it('S4-27 4 fix: until the cause is fixed no quote is accepted', async () => {
    const failed = await t.sh(
      `${post('/api/v1/recovery/reattest', `{"incident_id":"${id}"}`)} | jq -r '.status, .code, .claims[]'`,
    );
    expect(failed).toBe('409\nappraisal_failed\nlocal: pcr_23');
    await t.sh('tpm2_pcrreset 23');
  });

  it('S4-22 S4-26 5 check requirements: acknowledgement and re-attestation', async () => {
    const requirement = `jq -c '.pending_recoveries[0] | [.incident_id, .require_ack, .require_reattest, .acked_at, .recovery_complete]'`;
    expect(await t.sh(`curl -s $API/api/v1/recovery/status | ${requirement}`)).toBe(`["${id}",true,true,"",false]`);
    expect(await t.sh('curl -s $API/api/v1/recovery/status | jq .count')).toBe('1');
  });

  it('S4-23 S4-24 6 acknowledge', async () => {
    const ack = `{"incident_id":"${id}","operator":"me@org"}`;
    expect(await t.sh(`${post('/api/v1/recovery/ack', ack)} | jq -c .`)).toBe('{"status":"acknowledged"}');
    expect(await t.sh(`curl -s $API/api/v1/recovery/status | jq -r '.pending_recoveries[0].acked_by'`)).toBe('me@org');
  });

  it('S4-30 7 re-attest', async () => {
    const reattest = post('/api/v1/recovery/reattest', `{"incident_id":"${id}"}`);
    expect(await t.sh(`${reattest} | jq -c .`)).toBe('{"status":"re-attestation recorded"}');
  });

  it('S4-31 8 verify: nothing is pending', async () => {
    expect(await t.sh('curl -s $API/api/v1/recovery/status | jq -c .')).toBe('{"pending_recoveries":[],"count":0}');
  });

  it('S4-34 9 resolve', async () => {
    const resolve = post('/api/v1/incidents/resolve', `{"id":"${id}"}`);
    expect(await t.sh(`${resolve} | jq -r '.state, (.resolved_at | test("Z$"))'`)).toBe('resolved\ntrue');
  });

  it('S4-35 S4-36 S4-37 10 verify health: no open incident, both state ports trusted, every gate open', async () => {
    expect(await t.sh('curl -s $API/health | jq .open_incidents')).toBe('0');
    expect(await t.sh('curl -s $ATTESTATION/api/v1/state | jq -r .state')).toBe('trusted');
    expect(await t.sh('curl -s $INTEGRITY/api/v1/state | jq -r .state')).toBe('trusted');
    expect(await t.sh('curl -s $API/v1/gates | jq -c "[.[].open] | unique"')).toBe('[true]');
  });

  it('S4-16 the same decisions through Temporal’s own CLI', async () => {
    const report = '{"class":"attestation_failure","source":"tpm-watch","description":"again"}';
    const again = await t.sh(`${post('/api/v1/incidents/report', report)} | jq -r .id`);
    const temporal = process.env['INTERLOCK_TEMPORAL_CLI'] ?? 'temporal';
    const address = t.stack.env['INTERLOCK_TEMPORAL_ADDRESS'] ?? '';
    const signal = (name: string, input: string) =>
      `${temporal} workflow signal --address ${address} --workflow-id recovery/${again} --name ${name} --input '${input}'`;
    const until = (jq: string) =>
      `for i in $(seq 600); do [ "$(curl -s "$API/api/v1/incidents/get?id=${again}" | jq '${jq}')" = true ] && exit 0; sleep 0.1; done; exit 1`;
    await t.sh(`for i in $(seq 300); do ${signal('ack', '{"operator":"me@org"}')} && exit 0; sleep 0.1; done; exit 1`);
    await t.sh(until('.acked_by == "me@org"'));
    await t.sh(signal('reattest', '{}'));
    await t.sh(until('.re_attested_at != null'));
    await t.sh(signal('resolve', '{}'));
    await t.sh(until('.state == "resolved"'));
  });
});
