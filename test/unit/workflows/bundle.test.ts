import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WORKFLOW_TYPES } from '../../../domain/process/types.ts';
import { PATCHES } from '../../../workflows/patches.ts';
import { workflowBundle } from '../../../workers/engine/workflow-bundle.ts';
import * as entry from '../../../workflows/index.ts';
import { removeTree } from '../../support/remove-tree.ts';

let stateRoot: string;
let codePath: string;

beforeAll(async () => {
  stateRoot = mkdtempSync(join(tmpdir(), 'interlock-bundle-'));
  ({ codePath } = await workflowBundle(stateRoot));
});
afterAll(() => removeTree(stateRoot));

describe('the workflow bundle', () => {
  it('exports exactly the workflow types: every export can be started by anyone who reaches the engine', () => {
    expect(Object.keys(entry).sort()).toEqual([...WORKFLOW_TYPES].sort());
  });

  it('holds them, and nothing that a sandbox refuses: the bundler fails on a Node built-in', () => {
    const code = readFileSync(codePath, 'utf8');
    for (const type of WORKFLOW_TYPES) expect(code).toContain(`function ${type}(`);
  });

  it('is built once per content and kept', async () => {
    const first = readdirSync(join(stateRoot, 'cache'));
    expect(await workflowBundle(stateRoot)).toEqual({ codePath });
    expect(readdirSync(join(stateRoot, 'cache'))).toEqual(first);
    expect(first).toHaveLength(1);
  });

  it('lists each patch once, with when and why it goes', () => {
    const ids = PATCHES.map((p) => p.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { since, reason, removeWhen } of PATCHES)
      for (const said of [since, reason, removeWhen]) expect(said).toMatch(/\S/);
  });
});
