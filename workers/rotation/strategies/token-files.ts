import { StepFailure } from '../../../activities/rotation/strategy.ts';
import type { RotationStrategy, StepContext } from '../../../activities/rotation/strategy.ts';
import { expectStatus } from '../knock.ts';
import {
  digestOf,
  keepCopy,
  moveOver,
  newToken,
  readToken,
  removeToken,
  tokenIfThere,
  writeToken,
} from '../token-file.ts';
import type { StrategyDeps } from '../strategies.ts';

type Row = 'admin_token' | 'readonly_token';

/**
 * A token file: the new token is written beside it and takes its place in one step, as an operator would by hand. The old
 * one is kept, for its owner alone, until it is proved to fail.
 */
function tokenFile(row: Row, path: string | undefined, other: string | undefined, baseUrl: string): RotationStrategy {
  const file = (): string => {
    if (path === undefined) throw new StepFailure('not_configured');
    return path;
  };
  const next = () => `${file()}.next`;
  const previous = () => `${file()}.previous`;
  const at = (token: string) => ({ baseUrl, method: 'GET', path: '/v1/status', token }) as const;

  return {
    row,
    inspect: async () => {
      const digest = digestOf(await readToken(file()));
      if (other !== undefined && digestOf(await readToken(other)) === digest)
        throw new StepFailure('tokens_not_distinct');
      return { evidence: { token_sha256: digest }, memory: { old_sha256: digest } };
    },
    stage: async () => {
      const token = newToken();
      await writeToken(next(), token);
      return { evidence: { token_sha256: digestOf(token) }, memory: { new_sha256: digestOf(token) } };
    },
    cut_over: async ({ memory }) => {
      if (digestOf(await readToken(file())) === memory['new_sha256']) return;
      if (digestOf(await readToken(next())) !== memory['new_sha256']) throw new StepFailure('staged_token_changed');
      await keepCopy(file(), previous());
      await moveOver(next(), file());
    },
    prove_new: async ({ rotation_id }) => {
      const token = await readToken(file());
      await expectStatus(at(token), 200, 'new_refused');
      if (row === 'admin_token') return { evidence: { status: 200 } };
      // With a body that is refused in any case: what answers otherwise than 403 has let a reader decide.
      const mutation = { baseUrl, method: 'POST', path: `/v1/rotations/${rotation_id}/abandon`, token } as const;
      await expectStatus(mutation, 403, 'mutation_not_forbidden');
      return { evidence: { status: 200, mutation_status: 403 } };
    },
    prove_old: async ({ memory }) => {
      const old = await tokenIfThere(previous());
      if (old === undefined || digestOf(old) !== memory['old_sha256']) throw new StepFailure('previous_token_missing');
      await expectStatus(at(old), 401, 'old_accepted');
      return { evidence: { status: 401 } };
    },
    revoke: () => removeToken(previous()),
    undo: (step, context) => (step === 'cut_over' ? putBack(context) : discard()),
  };

  async function putBack({ memory }: StepContext): Promise<void> {
    if (digestOf(await readToken(file())) === memory['old_sha256']) return;
    const old = await tokenIfThere(previous());
    if (old === undefined || digestOf(old) !== memory['old_sha256']) throw new StepFailure('previous_token_missing');
    await moveOver(previous(), file());
  }

  async function discard(): Promise<void> {
    await removeToken(next());
    await removeToken(previous());
  }
}

/** The admin token's file and the read-only token's, which are never the same. */
export const createStrategies = ({ adminTokenFile, readonlyTokenFile, baseUrl }: StrategyDeps): RotationStrategy[] => [
  tokenFile('admin_token', adminTokenFile, readonlyTokenFile, baseUrl),
  tokenFile('readonly_token', readonlyTokenFile, adminTokenFile, baseUrl),
];
