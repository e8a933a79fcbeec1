import { expect, test } from 'vitest';
import { activatePolicy } from '../../../db/command/policies.ts';
import { recordReports } from '../../../db/command/intake.ts';
import type { ContainmentPolicy } from '../../../domain/containment/policy.ts';
import { POLICY } from '../../support/incidents.ts';
import { openRecord, requestOf } from '../../support/record.ts';

const quiet = structuredClone(POLICY.classes.tool_call_burst);
delete quiet.escalation;
const withoutFloods: ContainmentPolicy = { ...POLICY, classes: { ...POLICY.classes, tool_call_burst: quiet } };
const withFloods: ContainmentPolicy = {
  ...POLICY,
  flood_limit: 1,
  classes: { ...POLICY.classes, tool_call_burst: { ...POLICY.classes.tool_call_burst, latched: true } },
};

test('a report is judged by the policy that is active, not by the one this process saw last', async () => {
  const [seen, judged] = [await openRecord(), await openRecord()];
  try {
    await activatePolicy(seen.db, withoutFloods, 'system');
    await activatePolicy(judged.db, withFloods, 'system');
    const report = () => recordReports(judged.db, [requestOf('tool_call_burst')]);
    expect(await report()).toMatchObject([{ status: 201 }]);
    await recordReports(seen.db, [requestOf('tool_call_burst')]);
    expect(await report()).toMatchObject([{ status: 200, incident: { folded_by: 'flood', occurrences: 2 } }]);
  } finally {
    await Promise.all([seen.close(), judged.close()]);
  }
});
