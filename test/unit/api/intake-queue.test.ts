import { describe, expect, it } from 'vitest';
import { createIntakeQueue } from '../../../api/intake-queue.ts';
import { DatabaseError } from '../../../db/errors.ts';
import type { Fate, IntakeRequest } from '../../../db/command/intake.ts';

const request = (n: number) => ({ workspace_id: String(n) }) as unknown as IntakeRequest;
const replyTo = (r: IntakeRequest) =>
  ({ reply: { ok: true, status: 201, incident: { id: r.workspace_id } } }) as unknown as Fate;

/** Records batches one at a time, each when it is released. */
function recorder() {
  const batches: IntakeRequest[][] = [];
  const releases: (() => void)[] = [];
  let inFlight = 0;
  let most = 0;
  const record = async (batch: IntakeRequest[]): Promise<Fate[]> => {
    batches.push(batch);
    most = Math.max(most, ++inFlight);
    await new Promise<void>((resolve) => releases.push(resolve));
    inFlight -= 1;
    return batch.map(replyTo);
  };
  const release = async (): Promise<void> => {
    while (releases.length === 0) await new Promise((resolve) => setImmediate(resolve));
    releases.shift()?.();
  };
  return { batches, record, release, most: () => most };
}

describe('intake queue', () => {
  it('records a lone report at once and gathers the next batch meanwhile', async () => {
    const { batches, record, release, most } = recorder();
    const queue = createIntakeQueue({ record, maxBatch: 4 });
    const first = queue.submit(request(0));
    await new Promise((resolve) => setImmediate(resolve));
    const rest = [1, 2, 3, 4, 5].map((n) => queue.submit(request(n)));
    await release();
    expect(await first).toMatchObject({ incident: { id: '0' } });
    await release();
    await release();
    expect(await Promise.all(rest)).toMatchObject([1, 2, 3, 4, 5].map((n) => ({ incident: { id: String(n) } })));
    expect(batches.map((b) => b.length)).toEqual([1, 4, 1]);
    expect(most()).toBe(1);
  });

  it('refuses more than may wait', async () => {
    const { record, release } = recorder();
    const queue = createIntakeQueue({ record, maxBatch: 2, maxWaiting: 2 });
    const taken = [queue.submit(request(0)), queue.submit(request(1))];
    await expect(queue.submit(request(2))).rejects.toMatchObject({ code: 'too_many_requests' });
    await release();
    expect(await Promise.all(taken)).toHaveLength(2);
  });

  it('a batch that could not be recorded fails for each of its reports, the next one is tried', async () => {
    let fail = true;
    const record = async (batch: IntakeRequest[]): Promise<Fate[]> => {
      if (fail) throw new Error('down');
      return batch.map(replyTo);
    };
    const queue = createIntakeQueue({ record });
    const lost = await Promise.allSettled([queue.submit(request(0)), queue.submit(request(1))]);
    expect(lost.map((r) => r.status)).toEqual(['rejected', 'rejected']);
    fail = false;
    expect(await queue.submit(request(2))).toMatchObject({ ok: true });
  });

  it('answers each report of a batch by its own fate', async () => {
    const unknown = new DatabaseError('outcome_unknown');
    const unreachable = new DatabaseError('database_unreachable');
    const record = async (batch: IntakeRequest[]): Promise<Fate[]> =>
      batch.map((r, i) => [replyTo(r), { error: unknown }, { error: unreachable }][i] as Fate);
    const queue = createIntakeQueue({ record });
    const answers = await Promise.allSettled([0, 1, 2].map((n) => queue.submit(request(n))));
    expect(answers).toMatchObject([
      { status: 'fulfilled', value: { incident: { id: '0' } } },
      { status: 'rejected', reason: unknown },
      { status: 'rejected', reason: unreachable },
    ]);
  });

  it('is drained when everything accepted is answered', async () => {
    const { record, release } = recorder();
    const queue = createIntakeQueue({ record });
    const taken = queue.submit(request(0));
    const drained = queue.drained();
    await release();
    await drained;
    expect(await taken).toMatchObject({ ok: true });
    await queue.drained();
  });
});
