import { describe, expect, it } from 'vitest';
import { sharedSha256 } from '../../../cli/sha256.ts';
import type { Checklist } from '../../../domain/checklist/checklist.ts';
import { checklistDigest } from '../../../domain/checklist/digest.ts';
import { fakeServer, run } from './run.ts';

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
async function server(steps: ReturnType<typeof step>[], claims?: string) {
  const variables = [{ name: 'WHO', about: 'whom to greet' }];
  const said = { name: 'greet', title: 'Greet', rows: [], variables, steps } as unknown as Checklist;
  const digest = claims ?? checklistDigest(said, sharedSha256);
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
    const checklist = {
      name: 'greet',
      title: 'Greet',
      rows: [],
      digest,
      state: done ? 'done' : 'open',
      taken: 0,
    };
    return { body: [{ ...checklist, variables, steps: taken }] };
  });
  return { url, recorded, digest, walk: [...WALK, '--digest', `sha256:${digest}`, '--base-url', url] };
}
const WALK = ['incident', 'checklist', 'INC-1', 'greet', '--run', '--yes'];

describe('incident checklist', () => {
  it('runs what is left, records how it ended with the digest of what was printed, and leaves to people what is theirs', async () => {
    const greet = step('greet', { command: 'echo "hello $WHO"', expect: expectation });
    const { url, recorded, digest, walk } = await server([greet, step('think')]);
    const { code, err } = await run(walk, { PATH: process.env['PATH'] ?? '', WHO: 'operator' });
    expect(code).toBe(3);
    expect(err).toContain('hello operator');
    expect(recorded).toEqual([
      {
        path: '/v1/incidents/INC-1/checklists/greet/greet',
        body: {
          digest,
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
    const { recorded, walk } = await server([wrong, step('next', { command: 'true', expect: { says: 'x' } })]);
    const { code } = await run(walk, { PATH: process.env['PATH'] ?? '', WHO: 'operator' });
    expect(code).toBe(1);
    expect(recorded.map((r) => [r.body['outcome'], r.body['note']])).toEqual([
      ['failed', 'not as expected: exit code 0'],
    ]);
  });

  it('asks nobody for a variable where nobody is', async () => {
    const { recorded, walk } = await server([step('greet', { command: 'true', expect: { says: 'x' } })]);
    const { code, err } = await run(walk);
    expect([code, recorded]).toEqual([2, []]);
    expect(err).toContain('WHO: whom to greet');
  });

  it('gives its own global flags to what it runs', async () => {
    const inner = step('inner', {
      command: 'interlock incident checklist INC-1',
      expect: { output: 'greet', says: 'x' },
    });
    const { recorded, walk } = await server([inner]);
    const { code } = await run(walk, { PATH: process.env['PATH'] ?? '', WHO: 'x' });
    expect([code, recorded.map((r) => r.body['outcome'])]).toEqual([0, ['done']]);
  });

  it('runs nothing by itself but what was reviewed: the digest is that of the steps that came, whatever the server says', async () => {
    const planted = step('greet', { command: 'echo owned', expect: { says: 'x' } });
    const env = { PATH: process.env['PATH'] ?? '', WHO: 'operator' };
    const { url, recorded, digest } = await server([planted]);
    const shown = await run(['incident', 'checklist', 'INC-1', 'greet', '--base-url', url]);
    expect(shown.err).toContain(`digest: sha256:${digest}`);
    const without = await run([...WALK, '--base-url', url], env);
    expect([without.code, without.err]).toEqual([2, expect.stringContaining(`--digest sha256:${digest}`)]);
    const reviewed = `sha256:${'d'.repeat(64)}`;
    const another = await run([...WALK, '--digest', reviewed, '--base-url', url], env);
    expect([another.code, another.err]).toEqual([2, expect.stringContaining('not the one that was reviewed')]);
    const liar = await server([planted], 'd'.repeat(64));
    const lied = await run([...WALK, '--digest', reviewed, '--base-url', liar.url], env);
    expect([lied.code, lied.err]).toEqual([2, expect.stringContaining('another digest')]);
    expect([...recorded, ...liar.recorded]).toEqual([]);
  });
});
