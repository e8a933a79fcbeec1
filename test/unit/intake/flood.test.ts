import { describe, expect, it } from 'vitest';
import { targetKey } from '../../../domain/incident/create.ts';
import { floodsOf } from '../../../domain/intake/flood.ts';
import { POLICY, sha256 } from '../../support/incidents.ts';
import { requestOf } from '../../support/record.ts';

const key = (targets: Parameters<typeof targetKey>[0]) => targetKey(targets, sha256);

describe('the key of targets', () => {
  it('keeps which action a target belongs to', () => {
    const [a, b] = ['x', 'y'];
    expect(key({ freeze_agent: a, disable_tool: b })).not.toBe(key({ freeze_agent: b, disable_tool: a }));
    expect(key({ freeze_agent: a, disable_tool: a })).not.toBe(key({ freeze_agent: a }));
  });

  it('depends neither on their order nor on what is closed as a whole', () => {
    expect(key({ disable_tool: 'y', freeze_agent: 'x' })).toBe(key({ freeze_agent: 'x', disable_tool: 'y' }));
    expect(key({ freeze_agent: 'x', force_vault_relock: '*', log_alert: '*' })).toBe(key({ freeze_agent: 'x' }));
  });

  it('fits an index however long they are, and still tells them apart', () => {
    const long = (last: string) => ({ quarantine_model: '模'.repeat(340) + last, freeze_agent: '代'.repeat(256) });
    expect(key(long('a')).length).toBeLessThanOrEqual(256);
    expect(key(long('a'))).not.toBe(key(long('b')));
  });
});

describe('the floods of a report', () => {
  const evidence = { subject: 'agent:a', model_path: '/m' };
  const floods = (cls: Parameters<typeof requestOf>[0]) => floodsOf(requestOf(cls, { evidence }), POLICY, sha256);

  it('are looked up for every severity that its window may give it', () => {
    expect(floods('model_behavior_anomaly')).toHaveLength(2);
    expect(floods('prompt_injection')).toHaveLength(1);
    expect(floods('unauthorized_access')).toHaveLength(1);
  });
});
