import { ServiceError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answerFor, openTemporal } from '../../../api/temporal.ts';
import type { EngineAnswer, EngineRequest } from '../../../api/engine.ts';

const grpc = (code: number) => Object.assign(new Error('grpc'), { code, details: '', metadata: {} });
const refused = (type: string, details: unknown[] = []) =>
  new WorkflowUpdateFailedError('failed', ApplicationFailure.create({ type, details }));

const request: EngineRequest = {
  workflow_type: 'recoveryCeremony',
  workflow_id: 'recovery/INC-20260314-120000-0001',
  severity_rank: 1,
  workspace_id: 'default',
  incident_id: 'INC-20260314-120000-0001',
  decision_id: 'd',
  update: 'resolve',
  input: { caller: { workspace_id: 'default', actor: 'a', on_behalf_of: null }, request_digest: 'x' },
};

describe('what the engine says', () => {
  it.each<[Error, EngineAnswer]>([
    [
      refused('recovery_incomplete', [{ missing: ['ack'] }]),
      { kind: 'refused', code: 'recovery_incomplete', missing: ['ack'] },
    ],
    [refused('already_resolved'), { kind: 'refused', code: 'already_resolved' }],
    [refused('AcceptedUpdateCompletedWorkflow'), { kind: 'gone' }],
    [new WorkflowNotFoundError('gone', 'w', undefined), { kind: 'gone' }],
    [new WorkflowUpdateRPCTimeoutOrCancelledError('late'), { kind: 'unreachable' }],
    [new ServiceError('no', { cause: grpc(14) }), { kind: 'unreachable' }],
    [new ServiceError('no', { cause: grpc(8) }), { kind: 'busy' }],
  ])('%s', (error, answer) => {
    expect(answerFor(error)).toEqual(answer);
  });

  it('an error of our own is no answer', () => {
    expect(() => answerFor(new TypeError('bug'))).toThrow('bug');
  });

  it('nobody there, or somebody who never answers: unreachable; a fifth update of the process is busy', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    for (const address of ['127.0.0.1:1', `127.0.0.1:${port}`]) {
      const engine = openTemporal({ address, namespace: 'default' });
      const answers = await Promise.all(Array.from({ length: 5 }, () => engine.decide(request)));
      expect(answers.map((a) => a.kind)).toEqual(['unreachable', 'unreachable', 'unreachable', 'unreachable', 'busy']);
      expect(await engine.status()).toMatchObject({ reachable: false });
      await engine.close();
    }
  });
});
