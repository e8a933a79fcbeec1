import { describe, expect, it } from 'vitest';
import { fakeServer, problem, run } from './run.ts';

const SEEN = 'ab'.repeat(32);
const attestation = {
  node: 'local',
  state: 'enrolled',
  reference_version: 1,
  appraised_at: 't',
  passed: false,
  failed: [],
  pcrs: [{ pcr: 4, reference: ['aa'], quoted: 'bb', match: false }],
  observed_digest: SEEN as string | null,
};
const integrity = {
  baseline: 'protected',
  baseline_version: 1,
  checked_at: 't',
  passed: false,
  differences_total: 0,
  differences: [],
  observed_digest: SEEN as string | null,
};

const CASES = [
  {
    approve: ['attestation', 'reference', 'approve', 'local', '--pcr', '4', '--reason', 'r'],
    diff: attestation,
    body: { node: 'local', pcr: 4, reason: 'r' },
    version: 'reference_version: 2\n',
    question: 'take bb as the value of PCR 4 of local?',
  },
  {
    approve: ['integrity', 'baseline', 'approve', '--reason', 'r'],
    diff: integrity,
    body: { baseline: 'protected', reason: 'r' },
    version: 'baseline_version: 2\n',
    question: 'take the files of protected as they are as its new version?',
  },
];

describe.each(CASES)('$approve.0 $approve.1 approve', ({ approve, diff, body, version, question }) => {
  const server = (shown: object = diff) =>
    fakeServer(({ method }) => ({ body: method === 'GET' ? shown : { version: 2 } }));
  const sent = (seen: { method: string; body: unknown }[]) => seen.map((s) => (s.method === 'GET' ? 'diff' : s.body));

  it('names what was reviewed, without another look', async () => {
    const { url, seen } = await server();
    const ran = await run([...approve, '--reviewed', SEEN, '--base-url', url]);
    expect(ran).toEqual({ code: 0, out: version, err: '' });
    expect(sent(seen)).toEqual([{ ...body, reviewed: SEEN }]);
  });

  it('shows it and asks where somebody sits at a terminal', async () => {
    const { url, seen } = await server();
    const asked: string[] = [];
    const answering = (line: string) =>
      run([...approve, '--base-url', url], {}, async (q) => {
        asked.push(q);
        return line;
      });
    const yes = await answering('Y');
    expect([yes.code, yes.err]).toEqual([0, '']);
    expect(yes.out).toContain(`observed_digest: ${SEEN}\n`);
    expect(yes.out.endsWith(version)).toBe(true);
    for (const line of ['', 'n', 'yes please'])
      expect(await answering(line)).toMatchObject({ code: 1, err: 'not approved\n' });
    expect(sent(seen)).toEqual(['diff', { ...body, reviewed: SEEN }, 'diff', 'diff', 'diff']);
    expect(asked[0]).toBe(`${question} [y/N] `);
  });

  it('asks nobody with --yes, and names what it has shown', async () => {
    const { url, seen } = await server();
    expect((await run([...approve, '--yes', '--base-url', url])).out).toContain(SEEN);
    expect((await run([...approve, '--yes', '--json', '--base-url', url])).out).toBe('{\n  "version": 2\n}\n');
    expect(sent(seen)).toEqual(['diff', { ...body, reviewed: SEEN }, 'diff', { ...body, reviewed: SEEN }]);
  });

  it('decides nothing where nobody can be asked, nor on what nobody observed', async () => {
    const { url, seen } = await server({ ...diff, observed_digest: null });
    const nobody = await run([...approve, '--base-url', url]);
    expect([nobody.code, nobody.err]).toEqual([2, expect.stringContaining('--reviewed or --yes is missing')]);
    expect((await run([...approve, '--json', '--base-url', url], {}, async () => 'y')).code).toBe(2);
    expect((await run([...approve, '--reviewed', 'abc', '--base-url', url])).code).toBe(2);
    expect(seen).toEqual([]);
    const nothing = await run([...approve, '--yes', '--base-url', url]);
    expect([nothing.code, nothing.err]).toEqual([4, expect.stringContaining('(nothing_observed)')]);
    expect(sent(seen)).toEqual(['diff']);
  });

  it('is blocked when it changed meanwhile', async () => {
    const { url } = await fakeServer(() => problem(409, 'observation_changed'));
    const ran = await run([...approve, '--reviewed', SEEN, '--base-url', url]);
    expect([ran.code, ran.err]).toEqual([4, expect.stringContaining('(observation_changed)')]);
  });
});
