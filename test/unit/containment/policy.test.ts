import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from '@noble/hashes/sha2.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ContainmentFileError, loadContainmentFile } from '../../../config/containment-file.ts';
import { parseContainmentPolicy, policyDigest, PolicyError } from '../../../domain/containment/policy.ts';
import type { ContainmentPolicy } from '../../../domain/containment/policy.ts';

const shipped = fileURLToPath(new URL('../../../config/policy/containment.yaml', import.meta.url));
let policy: ContainmentPolicy;
let folder: string;

beforeAll(() => {
  policy = loadContainmentFile(shipped);
  folder = mkdtempSync(join(tmpdir(), 'containment-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The shipped policy with one member set (or, for undefined, deleted). */
function edited(path: (string | number)[], value: unknown): unknown {
  const copy = structuredClone(policy) as unknown as Record<string | number, unknown>;
  const last = path.at(-1)!;
  const parent = path.slice(0, -1).reduce((at, key) => at[key] as Record<string | number, unknown>, copy);
  if (value === undefined) Reflect.deleteProperty(parent, last);
  else parent[last] = value;
  return copy;
}

function refusal(raw: unknown): { code: string; path: string }[] {
  try {
    parseContainmentPolicy(raw);
  } catch (error) {
    if (error instanceof PolicyError) return error.fields;
    throw error;
  }
  throw new Error('accepted');
}

describe('the shipped policy', () => {
  const latched = { latched: true, reattest: false };
  const plain = { latched: false, reattest: false };
  const lockdown = ['freeze_agent', 'disable_airlock', 'force_vault_relock'];

  it('is the table of classes', () => {
    expect(policy.classes).toEqual({
      attestation_failure: { severity: 'critical', actions: lockdown, latched: true, reattest: true },
      integrity_violation: { severity: 'critical', actions: lockdown, latched: true, reattest: true },
      unauthorized_access: {
        severity: 'critical',
        actions: ['freeze_agent', 'force_vault_relock', 'log_alert'],
        ...latched,
      },
      manifest_mismatch: { severity: 'high', actions: ['quarantine_model', 'freeze_agent'], ...latched },
      policy_bypass_attempt: {
        severity: 'high',
        actions: ['freeze_agent', 'log_alert'],
        ...plain,
        escalation: { count: 2, window_seconds: 600, severity: 'critical' },
      },
      prompt_injection: {
        severity: 'high',
        actions: ['freeze_agent', 'log_alert'],
        ...plain,
        escalation: { count: 3, window_seconds: 300, severity: 'critical' },
      },
      tool_call_burst: {
        severity: 'medium',
        actions: ['freeze_agent'],
        ...plain,
        escalation: { count: 5, window_seconds: 60, severity: 'high' },
      },
      model_behavior_anomaly: {
        severity: 'high',
        actions: ['quarantine_model', 'log_alert'],
        ...plain,
        escalation: { count: 3, window_seconds: 900, severity: 'critical' },
      },
      forbidden_airlock_request: {
        severity: 'medium',
        actions: ['log_alert'],
        ...plain,
        escalation: { count: 5, window_seconds: 300, severity: 'high' },
        raised_actions: { high: ['disable_airlock'] },
      },
    });
  });

  it('has these levels and limits', () => {
    expect({ ...policy, classes: {} }).toEqual({
      classes: {},
      version: 1,
      severity_actions: { critical: ['freeze_agent', 'force_vault_relock'] },
      reattest_severities: ['critical'],
      ack_severities: ['critical'],
      flood_limit: 100,
    });
  });

  it('has one digest, whatever the order of its keys, and another for any change', () => {
    const reordered = Object.fromEntries(Object.entries(policy).reverse());
    expect(policyDigest(parseContainmentPolicy(reordered), sha256)).toBe(policyDigest(policy, sha256));
    const changed = parseContainmentPolicy(edited(['flood_limit'], 101));
    expect(policyDigest(changed, sha256)).not.toBe(policyDigest(policy, sha256));
  });
});

describe('parsing a policy', () => {
  it.each<[string, (string | number)[], unknown, string]>([
    ['unknown_key', ['extra'], 1, 'extra'],
    ['unknown_key', ['classes', 'prompt_injektion'], {}, 'classes.prompt_injektion'],
    ['unknown_key', ['classes', 'tool_call_burst', 'latch'], true, 'classes.tool_call_burst.latch'],
    [
      'unknown_key',
      ['classes', 'tool_call_burst', 'escalation', 'hours'],
      1,
      'classes.tool_call_burst.escalation.hours',
    ],
    ['unknown_action', ['classes', 'tool_call_burst', 'actions', 0], 'freeze', 'classes.tool_call_burst.actions[0]'],
    ['unknown_action', ['severity_actions', 'critical', 1], 'x', 'severity_actions.critical[1]'],
    ['unknown_severity', ['classes', 'tool_call_burst', 'severity'], 'Medium', 'classes.tool_call_burst.severity'],
    ['unknown_severity', ['ack_severities', 0], 'urgent', 'ack_severities[0]'],
    ['unknown_severity', ['severity_actions', 'urgent'], [], 'severity_actions.urgent'],
    [
      'unknown_severity',
      ['classes', 'tool_call_burst', 'raised_actions'],
      { worst: [] },
      'classes.tool_call_burst.raised_actions.worst',
    ],
    ['missing_class', ['classes', 'integrity_violation'], undefined, 'classes.integrity_violation'],
    ['missing_key', ['classes'], undefined, 'classes'],
    ['missing_key', ['version'], undefined, 'version'],
    ['missing_key', ['flood_limit'], undefined, 'flood_limit'],
    ['missing_key', ['classes', 'tool_call_burst', 'latched'], undefined, 'classes.tool_call_burst.latched'],
    ['missing_key', ['classes', 'tool_call_burst', 'severity'], undefined, 'classes.tool_call_burst.severity'],
    [
      'missing_key',
      ['classes', 'tool_call_burst', 'escalation', 'count'],
      undefined,
      'classes.tool_call_burst.escalation.count',
    ],
    ['invalid_value', ['version'], 2, 'version'],
    ['invalid_value', ['flood_limit'], 0, 'flood_limit'],
    ['invalid_value', ['flood_limit'], '100', 'flood_limit'],
    ['invalid_value', ['classes', 'tool_call_burst', 'actions'], [], 'classes.tool_call_burst.actions'],
    ['invalid_value', ['classes', 'tool_call_burst'], null, 'classes.tool_call_burst'],
    ['invalid_value', ['classes', 'tool_call_burst', 'latched'], 'no', 'classes.tool_call_burst.latched'],
    [
      'invalid_value',
      ['classes', 'tool_call_burst', 'escalation', 'count'],
      1,
      'classes.tool_call_burst.escalation.count',
    ],
    [
      'invalid_value',
      ['classes', 'tool_call_burst', 'escalation', 'window_seconds'],
      1.5,
      'classes.tool_call_burst.escalation.window_seconds',
    ],
    ['repeated_value', ['ack_severities', 1], 'critical', 'ack_severities'],
    ['repeated_value', ['classes', 'tool_call_burst', 'actions', 1], 'freeze_agent', 'classes.tool_call_burst.actions'],
    [
      'not_above_default',
      ['classes', 'tool_call_burst', 'escalation', 'severity'],
      'medium',
      'classes.tool_call_burst.escalation.severity',
    ],
    [
      'not_above_default',
      ['classes', 'tool_call_burst', 'raised_actions'],
      { low: ['log_alert'] },
      'classes.tool_call_burst.raised_actions.low',
    ],
  ])('%s: %j', (code, path, value, at) => {
    expect(refusal(edited(path, value))).toEqual([{ code, path: at }]);
  });

  it.each([null, undefined, 1, 'version: 1', []])('%j is no policy', (raw) => {
    expect(refusal(raw)).toEqual([{ code: 'invalid_value', path: '' }]);
  });

  it('names every field that is wrong', () => {
    const raw = edited(['classes', 'tool_call_burst', 'actions'], ['freeze', 'thaw']) as Record<string, unknown>;
    expect(refusal({ ...raw, more: 1 }).map((f) => f.path)).toEqual([
      'classes.tool_call_burst.actions[0]',
      'classes.tool_call_burst.actions[1]',
      'more',
    ]);
  });
});

describe('the containment file', () => {
  const written = (text: string | Uint8Array): string => {
    const path = join(folder, 'containment.yaml');
    writeFileSync(path, text);
    return path;
  };

  function refusalOf(path: string): ContainmentFileError {
    try {
      loadContainmentFile(path);
    } catch (error) {
      if (error instanceof ContainmentFileError) return error;
      throw error;
    }
    throw new Error('accepted');
  }

  it('names the file and the place in it', () => {
    const path = written('version: 1\nclasses: {}\n');
    const refusal = refusalOf(path);
    expect(refusal).toMatchObject({ code: 'policy_invalid', file: path });
    expect(refusal.message).toMatch(/containment\.yaml: .*missing_class at classes\.attestation_failure/);
    expect(refusal.fields).toContainEqual({ code: 'missing_key', path: 'flood_limit' });
  });

  it.each([
    ['a repeated key', 'version: 1\nversion: 1\n'],
    ['a custom tag', 'version: !x 1\n'],
    ['a known tag of another schema', 'version: !!binary aGk=\n'],
    ['an alias', 'version: &v 1\nflood_limit: *v\n'],
    ['two documents', 'version: 1\n---\nversion: 1\n'],
    ['broken YAML', 'version: [1\n'],
  ])('refuses %s', (_name, text) => {
    const path = written(text);
    expect(refusalOf(path)).toMatchObject({ code: 'malformed_yaml', file: path });
  });

  it.each<[string, string | Uint8Array]>([
    ['not UTF-8', Uint8Array.of(0xff)],
    ['too long', '#'.repeat(300_000)],
  ])('refuses what is %s', (_name, content) => {
    expect(refusalOf(written(content)).code).toBe('unreadable');
  });

  it('refuses a file that is not there', () => {
    expect(refusalOf(join(folder, 'absent.yaml'))).toMatchObject({ code: 'unreadable', fields: [] });
  });
});
