import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { DatabaseError } from '../../../db/errors.ts';
import { judge, toFailure, withFailures } from '../../../activities/failures.ts';
import { TpmError } from '../../../native/tpm/error.ts';

const server = (code: string) =>
  Object.assign(new Error('relation "incidents" of user secret'), { code, severity: 'ERROR' });

describe('failures of activities', () => {
  it.each([
    [new DatabaseError('database_unreachable'), 'retry', 'database_unreachable'],
    [new DatabaseError('outcome_unknown'), 'retry', 'database_unreachable'],
    [server('57P01'), 'retry', 'database_unreachable'],
    [server('40001'), 'retry', 'database_unreachable'],
    [server('22021'), 'terminal', 'unrepresentable'],
    [server('23514'), 'hold', 'internal'],
    [server('42703'), 'hold', 'internal'],
    [new TpmError('tpm_unavailable', 'gone'), 'terminal', 'tpm_unavailable'],
    [new TpmError('closed', 'gone'), 'terminal', 'tpm_unavailable'],
    [new TpmError('tpm_busy', 'later'), 'retry', 'tpm_busy'],
    [new TpmError('tpm_bad_parameter', 'no'), 'terminal', 'tpm_failed'],
    [new TypeError('undefined is not a function'), 'hold', 'internal'],
    [undefined, 'hold', 'internal'],
  ])('%s', (error, outcome, type) => {
    expect(judge(error)).toEqual({ outcome, type });
  });

  it('carry nothing of the error but its code', () => {
    const failure = toFailure(server('23514'));
    expect(failure).toMatchObject({ type: 'internal', nonRetryable: true });
    expect(JSON.stringify([failure.message, failure.details, failure.cause])).not.toMatch(/secret|relation/);
  });

  it('are logged where they happen and keep a failure that is one already', async () => {
    const lines: object[] = [];
    const log = { warn: (line: object) => lines.push(line), error: (line: object) => lines.push(line) };
    const own = ApplicationFailure.nonRetryable('no', 'own');
    const activities = withFailures(
      {
        fail: async () => Promise.reject(own),
        lose: async () => Promise.reject(new DatabaseError('database_unreachable')),
      },
      log,
    );
    await expect(activities.fail()).rejects.toBe(own);
    await expect(activities.lose()).rejects.toMatchObject({ type: 'database_unreachable', nonRetryable: false });
    expect(lines).toMatchObject([
      { event: 'activity.failed', activity: 'fail', code: 'own' },
      { event: 'activity.failed', activity: 'lose', code: 'database_unreachable' },
    ]);
  });
});
