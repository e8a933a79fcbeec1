import { describe, expect, it } from 'vitest';
import { fakeServer, run } from './run.ts';

const DIGEST = 'd'.repeat(64);
const step = (id: string, over: object = {}) => ({
  id,
  phase: 'contain',
  do: `do ${id}`,
  evidence: 'e',
  taken: null,
  ...over,
});
const expectation = { output: '^hello operator$', says: 'a greeting' };

/** A server with one checklist, that remembers what was recorded. */
async function server(steps: ReturnType<typeof step>[]) {
  const recorded: { path: string; body: Record<string, unknown> }[] = [];
  const { url } = await fakeServer(({ method, path, body }) => {
    if (method === 'POST') {
      recorded.push({ path, body: body as Record<string, unknown> });
      return { status: 201, body: {} };
    }
    const of = (id: string) => recorded.findLast((r) => r.path.endsWith(`/${id}`))?.body['outcome'];
    const taken = steps.map((s) =>
      of(s.id) === undefined ? s : { ...s, taken: { outcome: of(s.id), by: 'me', at: 'now' } },
    );
    const done = taken.every((s) => s.taken !== null);
    const variables = [{ name: 'WHO', about: 'whom to greet' }];
    const checklist = {
      name: 'greet',
      title: 'Greet',
      rows: [],
      digest: DIGEST,
      state: done ? 'done' : 'open',
      taken: 0,
    };
    return { body: [{ ...checklist, variables, steps: taken }] };
  });
  return { url, recorded };
}
const WALK = ['incident', 'checklist', 'INC-1', 'greet', '--run', '--yes'];

describe('incident checklist', () => {
  it('runs what is left, records how it ended with the digest of what was printed, and leaves to people what is theirs', async () => {
    const greet = step('greet', { command: 'echo "hello $WHO"', expect: expectation });
    const { url, recorded } = await server([greet, step('think')]);
    const { code, err } = await run([...WALK, '--base-url', url], { PATH: process.env['PATH'] ?? '', WHO: 'operator' });
    expect(code).toBe(3);
    expect(err).toContain('hello operator');
    expect(recorded).toEqual([
      {
        path: '/v1/incidents/INC-1/checklists/greet/greet',
        body: {
          digest: DIGEST,
          outcome: 'done',
          exit_code: 0,
          output_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
        },
      },
    ]);
    const said = await run([
      'incident',
      'checklist',
      'INC-1',
      'greet',
      '--step',
      'think',
      '--outcome',
      'done',
      '--base-url',
      url,
    ]);
    expect(said.code).toBe(0);
  });

  it('stops at what did not end as expected', async () => {
    const wrong = step('greet', { command: 'echo goodbye', expect: expectation });
    const { url, recorded } = await server([wrong, step('next', { command: 'true', expect: { says: 'x' } })]);
    const { code } = await run([...WALK, '--base-url', url], { PATH: process.env['PATH'] ?? '', WHO: 'operator' });
    expect(code).toBe(1);
    expect(recorded.map((r) => [r.body['outcome'], r.body['note']])).toEqual([
      ['failed', 'not as expected: exit code 0'],
    ]);
  });

  it('asks nobody for a variable where nobody is', async () => {
    const { url, recorded } = await server([step('greet', { command: 'true', expect: { says: 'x' } })]);
    const { code, err } = await run([...WALK, '--base-url', url]);
    expect([code, recorded]).toEqual([2, []]);
    expect(err).toContain('WHO: whom to greet');
  });

  it('gives its own global flags to what it runs', async () => {
    const inner = step('inner', {
      command: 'interlock incident checklist INC-1',
      expect: { output: 'greet', says: 'x' },
    });
    const { url, recorded } = await server([inner]);
    const { code } = await run([...WALK, '--base-url', url], { PATH: process.env['PATH'] ?? '', WHO: 'x' });
    expect([code, recorded.map((r) => r.body['outcome'])]).toEqual([0, ['done']]);
  });
});
