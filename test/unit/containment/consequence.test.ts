import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadContainmentFile } from '../../../config/containment-file.ts';
import { consequence, isBelowDefault, targetsOf } from '../../../domain/containment/consequence.ts';
import type { ContainmentPolicy } from '../../../domain/containment/policy.ts';
import { ACTION_GATE, ACTIONS, CLASSES, GATES, SEVERITIES, severityRank } from '../../../domain/containment/types.ts';
import type { IncidentClass, Severity } from '../../../domain/containment/types.ts';

let policy: ContainmentPolicy;
beforeAll(() => {
  policy = loadContainmentFile(fileURLToPath(new URL('../../../config/policy/containment.yaml', import.meta.url)));
});

const digest = `sha256:${'0a'.repeat(32)}`;

describe('words', () => {
  it('ranks severities and maps actions to gates', () => {
    expect(SEVERITIES.map(severityRank)).toEqual([1, 2, 3, 4]);
    expect(SEVERITIES).toEqual(['critical', 'high', 'medium', 'low']);
    expect(ACTION_GATE).toEqual({
      freeze_agent: 'agent',
      disable_airlock: 'airlock',
      force_vault_relock: 'vault',
      quarantine_model: 'model',
      disable_tool: 'tool',
      log_alert: null,
    });
    expect(ACTIONS.flatMap((a) => ACTION_GATE[a] ?? [])).toEqual([...GATES]);
    expect(CLASSES).toHaveLength(9);
  });
});

describe('consequence', () => {
  it.each<[IncidentClass, Severity, string, string]>([
    [
      'attestation_failure',
      'critical',
      'freeze_agent disable_airlock force_vault_relock',
      'latched ack reattest contained',
    ],
    [
      'integrity_violation',
      'critical',
      'freeze_agent disable_airlock force_vault_relock',
      'latched ack reattest contained',
    ],
    ['unauthorized_access', 'critical', 'freeze_agent force_vault_relock log_alert', 'latched ack reattest contained'],
    ['manifest_mismatch', 'high', 'quarantine_model freeze_agent', 'latched ack contained'],
    [
      'manifest_mismatch',
      'critical',
      'quarantine_model freeze_agent force_vault_relock',
      'latched ack reattest contained',
    ],
    ['policy_bypass_attempt', 'high', 'freeze_agent log_alert', 'contained'],
    ['policy_bypass_attempt', 'critical', 'freeze_agent log_alert force_vault_relock', 'ack reattest contained'],
    ['prompt_injection', 'high', 'freeze_agent log_alert', 'contained'],
    ['prompt_injection', 'critical', 'freeze_agent log_alert force_vault_relock', 'ack reattest contained'],
    ['tool_call_burst', 'medium', 'freeze_agent', 'contained'],
    ['tool_call_burst', 'high', 'freeze_agent', 'contained'],
    ['tool_call_burst', 'critical', 'freeze_agent force_vault_relock', 'ack reattest contained'],
    ['model_behavior_anomaly', 'high', 'quarantine_model log_alert', 'contained'],
    [
      'model_behavior_anomaly',
      'critical',
      'quarantine_model log_alert freeze_agent force_vault_relock',
      'ack reattest contained',
    ],
    ['forbidden_airlock_request', 'medium', 'log_alert', ''],
    ['forbidden_airlock_request', 'high', 'log_alert disable_airlock', 'contained'],
    [
      'forbidden_airlock_request',
      'critical',
      'log_alert disable_airlock freeze_agent force_vault_relock',
      'ack reattest contained',
    ],
  ])('%s at %s', (cls, severity, actions, traits) => {
    const what = consequence(policy, cls, severity);
    expect(what.severity).toBe(severity);
    expect(what.actions.join(' ')).toBe(actions);
    const shown = [
      what.latched && 'latched',
      what.require_ack && 'ack',
      what.require_reattest && 'reattest',
      what.auto_contained && 'contained',
    ];
    expect(shown.filter(Boolean).join(' ')).toBe(traits);
  });

  it('never loses an action or a requirement as the severity rises', () => {
    for (const cls of CLASSES)
      for (let i = 1; i < SEVERITIES.length; i += 1) {
        const lower = consequence(policy, cls, SEVERITIES[i]!);
        const higher = consequence(policy, cls, SEVERITIES[i - 1]!);
        expect(higher.actions).toEqual(expect.arrayContaining(lower.actions));
        expect(higher.require_ack || !lower.require_ack).toBe(true);
        expect(higher.require_reattest || !lower.require_reattest).toBe(true);
      }
  });

  it('tells a severity below the default', () => {
    expect(isBelowDefault(policy, 'prompt_injection', 'medium')).toBe(true);
    expect(isBelowDefault(policy, 'prompt_injection', 'high')).toBe(false);
    expect(isBelowDefault(policy, 'prompt_injection', 'critical')).toBe(false);
    expect(isBelowDefault(policy, 'tool_call_burst', 'low')).toBe(true);
  });
});

describe('targets', () => {
  it('come from evidence', () => {
    const evidence = {
      subject: 'agent:billing',
      model_digest: digest,
      model_path: '/models/a',
      tool: 'shell',
      node: 'n1',
    };
    expect(targetsOf(ACTIONS, evidence)).toEqual({
      targets: {
        freeze_agent: 'agent:billing',
        disable_airlock: '*',
        force_vault_relock: '*',
        quarantine_model: digest,
        disable_tool: 'shell',
        log_alert: '*',
      },
      marks: [],
    });
    expect(targetsOf(['quarantine_model'], { model_path: '/models/a' })).toEqual({
      targets: { quarantine_model: '/models/a' },
      marks: [],
    });
  });

  it.each<[string, Record<string, unknown>]>([
    ['absent', {}],
    ['empty', { subject: '' }],
    ['blank', { subject: '  ' }],
    ['padded', { subject: 'agent:a ' }],
    ['the wildcard', { subject: '*' }],
    ['too long', { subject: 'a'.repeat(257) }],
    ['no text', { subject: 7 }],
    ['a list', { subject: ['agent:a'] }],
    ['null', { subject: null }],
  ])('a subject that is %s freezes every agent and is marked', (_name, evidence) => {
    expect(targetsOf(['freeze_agent', 'log_alert'], evidence)).toEqual({
      targets: { freeze_agent: '*', log_alert: '*' },
      marks: ['target_missing'],
    });
  });

  it.each<Record<string, unknown>>([
    { model_digest: `sha256:${'A'.repeat(64)}` },
    { model_digest: 'a'.repeat(64), model_path: '/models/a' },
    { model_digest: null, model_path: '/models/a' },
    { model_path: 'a'.repeat(1025) },
    { model_path: '模'.repeat(342) },
  ])('%j quarantines every model and is marked', (evidence) => {
    expect(targetsOf(['quarantine_model', 'freeze_agent'], { ...evidence, subject: 'agent:a' })).toEqual({
      targets: { quarantine_model: '*', freeze_agent: 'agent:a' },
      marks: ['target_missing'],
    });
  });

  it('are not missed by actions that take none', () => {
    expect(targetsOf(['disable_airlock', 'force_vault_relock', 'log_alert'], {}).marks).toEqual([]);
  });

  it('are taken up to their length', () => {
    expect(targetsOf(['freeze_agent'], { subject: 'a'.repeat(256) }).marks).toEqual([]);
    for (const model_path of ['a'.repeat(1024), '模'.repeat(341)])
      expect(targetsOf(['quarantine_model'], { model_path }).marks).toEqual([]);
  });
});
