import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../domain/canonical/json.ts';
import { toBase64 } from '../../../domain/signing/base64.ts';
import { naiveConsistency, naiveLeafHash, naivePath } from '../ledger/naive-tree.ts';
import { signedLog, temporaryFolder } from './log-server.ts';
import type { SignedLog } from './log-server.ts';
import { fakeServer, nobody, problem, run } from './run.ts';

const entry = (n: number) => ({
  workspace_id: 'default',
  at: '2026-11-21T12:00:00.000Z',
  actor: 'me@org',
  on_behalf_of: null,
  action: 'tested',
  object: `test/${n}`,
  record_hash: null,
  record_version: null,
  detail: { n },
  policy_digest: null,
});
const all = Array.from({ length: 300 }, (_, n) => Buffer.from(canonicalJson(entry(n))));
const hashed = all.map(naiveLeafHash);
const logOf = (size: number): SignedLog => signedLog(all.slice(0, size));
const log = logOf(300);
const checkpoint = ({ files }: SignedLog) => Buffer.from(files.get('checkpoint')!).toString();

const inclusion = (index: number, size = 300) => ({
  index,
  size,
  leaf: all[index]!.toString(),
  proof: naivePath(index, hashed.slice(0, size)).map(toBase64),
  checkpoint: checkpoint(logOf(size)),
});
const consistency = (from: number, size = 300) => ({
  from,
  size,
  proof: naiveConsistency(from, hashed.slice(0, size)).map(toBase64),
  checkpoint: checkpoint(logOf(size)),
});

function remembered({ size, root, keyLine }: SignedLog, origin = 'test/1'): string {
  const file = join(temporaryFolder(), 'remembered');
  writeFileSync(file, JSON.stringify({ origin, size, root: toBase64(root), key: keyLine }));
  return file;
}

describe('ledger proof', () => {
  const ask = async (body: unknown, ...flags: string[]) => {
    const { url } = await fakeServer(() => ({ body }));
    return run(['ledger', 'proof', '17', '--base-url', url, '--key', log.keyLine, ...flags]);
  };

  it('shows an entry whose proof leads to the signed root', async () => {
    const { code, out, err } = await ask(inclusion(17));
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('verified: yes\norigin: test/1\nsize: 300\n');
    expect(out).toContain('object: test/17\n');
    const asJson = await ask(inclusion(17), '--json');
    expect(JSON.parse(asJson.out)).toMatchObject({ verified: true, key_from: 'passed', ...inclusion(17) });
  });

  it.each([
    ['another entry', { leaf: inclusion(18).leaf }, 'proof_wrong'],
    ['the proof of another entry', inclusion(18), 'proof_wrong'],
    ['a proof that lacks a hash', { proof: inclusion(17).proof.slice(1) }, 'proof_wrong'],
    ['what is no hash', { proof: ['AA', 7] }, 'proof_malformed'],
    ['no proof', { proof: undefined }, 'proof_malformed'],
    ['the checkpoint of another size', { checkpoint: checkpoint(logOf(299)) }, 'proof_wrong'],
    [
      'a checkpoint that somebody else signed',
      { checkpoint: checkpoint(signedLog(all, { seed: 8 })) },
      'note_unsigned',
    ],
    ['a checkpoint that was changed', { checkpoint: checkpoint(log).replace('300', '301') }, 'note_forged'],
  ])('does not take %s', async (_, change, code) => {
    const ran = await ask({ ...inclusion(17), ...change });
    expect([ran.code, ran.out, ran.err]).toEqual([1, '', expect.stringContaining(`(${code})`)]);
  });

  it('ends with the exit code of a refusal', async () => {
    const { url } = await fakeServer(() => problem(404, 'entry_not_found'));
    const proof = (index: string, base: string) =>
      run(['ledger', 'proof', index, '--base-url', base, '--key', log.keyLine]);
    expect((await proof('300', url)).code).toBe(1);
    expect((await proof('x', url)).code).toBe(2);
    expect((await proof('1', await nobody())).code).toBe(7);
  });
});

describe('ledger proof with a remembered checkpoint', () => {
  const ask = async (file: string, later: unknown, first: unknown = inclusion(17)) => {
    const { url, seen } = await fakeServer(({ path }) => ({ body: path.includes('/proof') ? first : later }));
    return { ...(await run(['ledger', 'proof', '17', '--base-url', url, '--remember', file])), seen };
  };

  it('asks that the log continues it, under the key that was remembered', async () => {
    const { code, out, seen } = await ask(remembered(logOf(200)), consistency(200));
    expect([code, out]).toEqual([0, expect.stringContaining('key_from: remembered\nremembered_size: 200\n')]);
    expect(seen.map(({ path }) => path)).toEqual(['/v1/ledger/proof?index=17', '/v1/ledger/consistency?from=200']);
  });

  it('is not content with a log that is another, was rewritten or is shorter', async () => {
    const anew = signedLog(all.slice(1, 201));
    const cases = [
      [remembered(anew), consistency(200), 'remembered_mismatch'],
      [remembered(logOf(200)), consistency(199), 'remembered_mismatch'],
      [remembered(signedLog([], { origin: 'test/2' }), 'test/2'), consistency(200), 'note_unsigned'],
      [remembered(logOf(200), 'test/2'), consistency(200), 'origin_mismatch'],
      [remembered({ ...log, size: 301 }), consistency(200), 'log_short'],
      [remembered(logOf(200)), {}, 'proof_malformed'],
      [remembered(logOf(200)), consistency(200, 299), 'log_moving'],
    ] as const;
    for (const [file, later, code] of cases) {
      const ran = await ask(file, later);
      expect([ran.code, ran.err]).toEqual([code === 'log_moving' ? 7 : 1, expect.stringContaining(`(${code})`)]);
    }
  });
});

describe('ledger tail', () => {
  const item = (index: number) => ({ id: `1-${index}`, index, entry: entry(index) });

  it('reads page after page, as a table or as JSON lines', async () => {
    const { url, seen } = await fakeServer(({ path }) =>
      path.includes('from=0')
        ? { body: [item(0), item(4)], headers: { Link: '</v1/ledger/entries?cursor=7>; rel="next"' } }
        : { body: [item(7)] },
    );
    const tail = (...flags: string[]) => run(['ledger', 'tail', '--from', '0', '--base-url', url, ...flags]);
    const { code, out } = await tail();
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['INDEX', 'AT', 'WORKSPACE', 'ACTOR', 'ACTION', 'OBJECT'],
      ...[0, 4, 7].map((n) => [String(n), entry(n).at, 'default', 'me@org', 'tested', `test/${n}`]),
      [''],
    ]);
    expect(seen.at(-1)?.path).toBe('/v1/ledger/entries?from=5&limit=500');
    const lines = (await tail('--json')).out.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([item(0), item(4), item(7)]);
  });

  it('follows with what comes behind the last entry it has shown, each entry once', async () => {
    const { url, seen } = await fakeServer((_, n) =>
      n === 4 ? problem(401, 'unauthenticated') : { body: n === 2 ? [] : [item(n)] },
    );
    const { code, out } = await run(['ledger', 'tail', '--from', '1', '--follow', '--json', '--base-url', url]);
    const shown = out
      .split('\n')
      .filter((line) => line.startsWith('{"id"'))
      .map((line) => (JSON.parse(line) as { index: number }).index);
    expect([code, shown]).toEqual([6, [1, 3]]);
    expect(seen.map(({ path }) => /from=(\d+)/.exec(path)?.[1])).toEqual(['1', '2', '2', '4']);
  });
});
