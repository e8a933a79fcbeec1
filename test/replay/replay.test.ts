import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WORKFLOW_TYPES } from '../../domain/process/types.ts';
import { workflowBundle } from '../../workers/engine/workflow-bundle.ts';
import { removeTree } from '../support/remove-tree.ts';

const FOLDER = new URL('../histories/', import.meta.url);
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
const read = (file: string) => historyFromJSON(JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')));
const typeOf = (file: string) => {
  const [started] = read(file).events ?? [];
  return started?.workflowExecutionStartedEventAttributes?.workflowType?.name;
};

let stateRoot: string;
let codePath: string;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  stateRoot = mkdtempSync(join(tmpdir(), 'interlock-replay-'));
  ({ codePath } = await workflowBundle(stateRoot));
});
afterAll(() => removeTree(stateRoot));

describe('histories recorded from a real server', () => {
  it.each(files)('%s replays on the workflows as they are now', async (file) => {
    await Worker.runReplayHistory({ workflowBundle: { codePath } }, read(file), file);
  });

  it('are there for every workflow type', () => {
    for (const type of WORKFLOW_TYPES) expect(files.map(typeOf)).toContain(type);
  });
});
