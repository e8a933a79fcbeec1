import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOf } from '../../../cli/ledger/open-note.ts';
import { LedgerError } from '../../../domain/ledger/error.ts';
import { leafEnd, parseTilePath } from '../../../domain/ledger/tile.ts';
import { nobody, problem, fakeServer, run } from './run.ts';
import { leaves, logServer, signedLog, temporaryFolder, writeLog } from './log-server.ts';

interface Answer {
  verified: boolean;
  size: number | null;
  findings_total: number;
  findings: { code: string; at: number | null; count: number | null; where: string }[];
}

const verify = async (copy: string, ...flags: string[]): Promise<{ code: number; answer: Answer }> => {
  const { code, out } = await run(['ledger', 'verify', copy, '--json', ...flags]);
  return { code, answer: JSON.parse(out) as Answer };
};
const codes = ({ answer }: { answer: Answer }) => answer.findings.map(({ code, where }) => `${code} ${where}`);

/** Which leaf of a bundle the byte at `offset` is of. */
const leafAt = (bundle: Uint8Array, offset: number): number => {
  let leaf = 0;
  for (let end = leafEnd(bundle, 0)!; end <= offset; end = leafEnd(bundle, end)!) leaf += 1;
  return leaf;
};

const log = signedLog(leaves(700));
const { keyLine } = log;

describe('ledger verify', () => {
  it.each([0, 1, 256, 700])('verifies a copy of %i entries', async (size) => {
    const own = signedLog(leaves(size));
    const ran = await run(['ledger', 'verify', writeLog(own), '--key', keyLine]);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain(`verified: yes\norigin: test/1\nsize: ${size}\n`);
    expect(ran.out).toContain('key_from: passed\n');
  });

  it('asks no server about a folder', async () => {
    const url = await nobody();
    expect((await run(['ledger', 'verify', writeLog(log), '--base-url', url])).code).toBe(0);
  });

  it('finds one flipped bit in any of 200 places, and says where', async () => {
    const folder = writeLog(log);
    const place = fc
      .constantFrom('key', 'checkpoint', 'tiles', 'entries')
      .chain((kind) =>
        fc.constantFrom(
          ...[...log.files.keys()].filter((path) =>
            kind === 'entries'
              ? path.startsWith('tile/entries/')
              : kind === 'tiles'
                ? /^tile\/\d/.test(path)
                : path === kind,
          ),
        ),
      )
      .chain((path) => fc.tuple(fc.constant(path), fc.nat(log.files.get(path)!.length * 8 - 1)));
    await fc.assert(
      fc.asyncProperty(place, async ([path, bit]) => {
        const whole = log.files.get(path)!;
        const bytes = Uint8Array.from(whole);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        writeFileSync(join(folder, path), bytes);
        const { code, answer } = await verify(folder);
        writeFileSync(join(folder, path), whole);
        expect([code, answer.verified]).toEqual([1, false]);
        const [first] = answer.findings.filter((finding) => finding.code !== 'root_mismatch');
        if (!path.startsWith('tile/')) {
          expect(first).toMatchObject({ at: null, where: path });
          return;
        }
        const { level, n, width } = parseTilePath(path.slice('tile/'.length));
        const under = level === 'entries' ? 1 : 256 ** level;
        const [from, to] = [n * 256 * under, (n * 256 + width) * under];
        if (level !== 'entries') {
          const hash = bit >> 8;
          expect(answer.findings).toEqual([
            {
              code: 'tile_altered',
              at: from + hash * under,
              count: under,
              where: `hash ${hash} of tile ${level}/${n}`,
            },
          ]);
          return;
        }
        expect(first?.code).toMatch(/^(leaf_altered|bundle_malformed)$/);
        // A length that is wrong may tell so only further on in the bundle.
        if (first?.code === 'leaf_altered') expect(first.at).toBe(from + leafAt(whole, bit >> 3));
        expect(first!.at! + first!.count!).toBeLessThanOrEqual(to);
      }),
      { numRuns: 200 },
    );
    expect((await verify(folder)).code).toBe(0);
  });

  it('takes a key in its one spelling only, whichever bit of its file is flipped', () => {
    const whole = log.files.get('key')!;
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const bytes = Uint8Array.from(whole);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => keyOf(bytes), String(bit)).toThrow(LedgerError);
    }
  });

  it('names every file that is not there', async () => {
    for (const [path, found] of [
      ['key', 'key_missing key'],
      ['checkpoint', 'checkpoint_missing checkpoint'],
      ['tile/0/001', 'tile_missing tile 0/1'],
      ['tile/1/000.p/2', 'tile_missing tile 1/0'],
      ['tile/entries/002.p/188', 'bundle_missing entries 2'],
    ] as const) {
      const folder = writeLog(log);
      rmSync(join(folder, path));
      const ran = await verify(folder);
      expect([ran.code, codes(ran)], path).toEqual([1, [found]]);
    }
  });

  it('takes no more of a file than such a file can hold', async () => {
    const folder = writeLog(log);
    writeFileSync(join(folder, 'tile/0/001'), Buffer.alloc(50_000_000));
    writeFileSync(join(folder, 'checkpoint'), Buffer.concat([log.files.get('checkpoint')!, Buffer.alloc(70_000)]));
    expect(codes(await verify(folder))).toEqual(['note_malformed checkpoint']);
    writeFileSync(join(folder, 'checkpoint'), log.files.get('checkpoint')!);
    expect(codes(await verify(folder))).toEqual(['tile_malformed tile 0/1']);
  });

  it('is not content with another key, nor with a key of its own where one is known', async () => {
    const folder = writeLog(signedLog(leaves(700), { seed: 8 }));
    expect(codes(await verify(folder, '--key', keyLine))).toEqual(['key_mismatch key', 'note_unsigned checkpoint']);
    const file = join(temporaryFolder(), 'key');
    writeFileSync(file, `${keyLine}\n`);
    expect((await verify(folder, '--key', file)).code).toBe(1);
    expect((await verify(writeLog(log), '--key', file)).code).toBe(0);
    const alone = await run(['ledger', 'verify', folder]);
    expect([alone.code, alone.err]).toEqual([0, expect.stringContaining('--key names the one you know')]);
  });
});

describe('a remembered checkpoint', () => {
  it('moves forward with a log that grew, and only when that was verified', async () => {
    const file = join(temporaryFolder(), 'remembered');
    const seen = () => (JSON.parse(readFileSync(file, 'utf8')) as { size: number }).size;
    const of = (size: number) => writeLog(signedLog(leaves(size)));
    expect((await verify(of(700), '--remember', file)).code).toBe(0);
    expect((await verify(of(900), '--remember', file)).code).toBe(0);
    expect(seen()).toBe(900);
    const shorter = await verify(of(700), '--remember', file);
    expect([shorter.code, codes(shorter)]).toEqual([1, ['log_short a remembered root covers 900 leaves']]);
    const damaged = of(1000);
    rmSync(join(damaged, 'tile/0/001'));
    expect((await verify(damaged, '--remember', file)).code).toBe(1);
    expect(seen()).toBe(900);
  });

  it('finds a log that was written anew, though each of its signatures is right', async () => {
    const file = join(temporaryFolder(), 'remembered');
    await verify(writeLog(log), '--remember', file);
    const before = readFileSync(file, 'utf8');
    const anew = [...leaves(300), ...leaves(1, 5000), ...leaves(599, 301)];
    const rewritten = await verify(writeLog(signedLog(anew)), '--remember', file);
    expect(rewritten.code).toBe(1);
    expect(codes(rewritten)).toEqual(['remembered_mismatch 700 leaves do not have the remembered root']);
    const other = await verify(writeLog(signedLog(leaves(900), { origin: 'test/2' })), '--remember', file);
    expect([other.code, codes(other)]).toEqual([1, ['key_mismatch key', 'note_unsigned checkpoint']]);
    const key = signedLog([], { origin: 'test/2' }).keyLine;
    const known = await verify(
      writeLog(signedLog(leaves(900), { origin: 'test/2' })),
      '--remember',
      file,
      '--key',
      key,
    );
    expect(codes(known)).toEqual(['origin_mismatch the remembered checkpoint']);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('remembers the key as well', async () => {
    const file = join(temporaryFolder(), 'remembered');
    await verify(writeLog(log), '--remember', file);
    const forged = await verify(writeLog(signedLog(leaves(700), { seed: 8 })), '--remember', file);
    expect(codes(forged)).toEqual(['key_mismatch key', 'note_unsigned checkpoint']);
  });

  it('that cannot be read is not taken for none', async () => {
    const file = join(temporaryFolder(), 'remembered');
    writeFileSync(file, '{}');
    const { code, err } = await run(['ledger', 'verify', writeLog(log), '--remember', file]);
    expect([code, err]).toEqual([2, expect.stringContaining('does not hold a remembered checkpoint')]);
  });
});

describe('a log that is served', () => {
  it('is verified where it lies; elsewhere the token stays here', async () => {
    const server = await logServer(log);
    const token = join(temporaryFolder(), 'token');
    writeFileSync(token, 'secret-token');
    const flags = ['--base-url', server.url, '--token-file', token];
    for (const copy of [[], [server.url], [`${server.url}/ledger/`]])
      expect((await run(['ledger', 'verify', ...copy, ...flags])).code).toBe(0);
    expect(new Set(server.tokens)).toEqual(new Set(['Bearer secret-token']));
    const other = await logServer(log);
    expect((await run(['ledger', 'verify', `${other.url}/ledger`, ...flags])).code).toBe(0);
    expect(new Set(other.tokens)).toEqual(new Set([undefined]));
    other.log = { ...log, files: new Map([...log.files].filter(([path]) => path !== 'tile/entries/001')) };
    expect(codes(await verify(`${other.url}/ledger`))).toEqual(['bundle_missing entries 1']);
  });

  it('ends with the exit code of what keeps it from being verified', async () => {
    expect((await run(['ledger', 'verify', await nobody()])).code).toBe(7);
    const server = await logServer(log);
    server.cutAfter = 6;
    expect((await run(['ledger', 'verify', `${server.url}/ledger`])).code).toBe(7);
    const { url } = await fakeServer(() => problem(403, 'not_permitted'));
    expect((await run(['ledger', 'verify', `${url}/ledger`])).code).toBe(6);
    for (const argv of [
      ['/nowhere'],
      ['http://me:secret@x/'],
      ['.', '--key', '/nowhere'],
      ['.', '--key', `${keyLine}A`],
    ])
      expect((await run(['ledger', 'verify', ...argv])).code, argv.join(' ')).toBe(2);
  });
});
