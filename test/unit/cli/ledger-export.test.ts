import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nobody, run } from './run.ts';
import { leaves, logServer, signedLog, temporaryFolder } from './log-server.ts';
import type { LogServer } from './log-server.ts';

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => statSync(join(folder, path)).isFile());

const exportTo = (folder: string, { url }: Pick<LogServer, 'url'>) =>
  run(['ledger', 'export', '--out', folder, '--base-url', url]);

/** That the folder holds the log that is served, byte for byte, and nothing else. */
function expectCopy(folder: string, { log }: LogServer): void {
  expect(filesIn(folder).sort()).toEqual([...log.files.keys()].sort());
  for (const [path, bytes] of log.files) expect(Buffer.compare(readFileSync(join(folder, path)), bytes), path).toBe(0);
}

describe('ledger export', () => {
  it.each([0, 1, 256, 700])('of %i entries writes each file of the log', async (size) => {
    const server = await logServer(signedLog(leaves(size)));
    const folder = join(temporaryFolder(), 'made', 'here');
    const ran = await exportTo(folder, server);
    expect(ran).toEqual({
      code: 0,
      out: `origin: test/1\nsize: ${size}\nfetched: ${server.log.files.size - 2}\nkept: 0\nrecords: no\n`,
      err: '',
    });
    expectCopy(folder, server);
  });

  it('goes on where it broke off, and has no checkpoint before all that it covers', async () => {
    const server = await logServer(signedLog(leaves(2000)));
    const folder = temporaryFolder();
    server.cutAfter = 12;
    const broken = await exportTo(folder, server);
    expect([broken.code, broken.err]).toEqual([7, expect.stringContaining('the connection was lost')]);
    const had = filesIn(folder);
    expect(had.length).toBeGreaterThan(4);
    expect(had).not.toContain('checkpoint');
    server.cutAfter = Number.POSITIVE_INFINITY;
    server.seen = [];
    expect((await exportTo(folder, server)).code).toBe(0);
    expect(server.seen.filter((path) => had.includes(path) && !path.includes('.p/'))).toEqual([]);
    expectCopy(folder, server);
  });

  it('fetches of a log that grew what is new, and drops what it outgrew', async () => {
    const server = await logServer(signedLog(leaves(700)));
    const folder = temporaryFolder();
    await exportTo(folder, server);
    // One that breaks off leaves widths behind that no checkpoint of the copy names.
    server.log = signedLog(leaves(900));
    server.cutAfter = server.seen.length + 6;
    expect((await exportTo(folder, server)).code).toBe(7);
    server.cutAfter = Number.POSITIVE_INFINITY;
    for (const size of [1100, 1100, 1280, 70_000]) {
      server.log = signedLog(leaves(size));
      server.seen = [];
      expect((await exportTo(folder, server)).code).toBe(0);
      expect(server.seen).not.toContain('tile/0/000');
      expectCopy(folder, server);
    }
  });

  it('fetches again what is there without its bytes', async () => {
    const server = await logServer(signedLog(leaves(700)));
    const folder = temporaryFolder();
    await exportTo(folder, server);
    writeFileSync(join(folder, 'tile/0/000'), '');
    writeFileSync(join(folder, 'tile/entries/001'), Buffer.alloc(1000));
    expect((await exportTo(folder, server)).code).toBe(0);
    expectCopy(folder, server);
  });

  it.each([
    ['of another log', signedLog(leaves(800), { origin: 'test/2' }), 'origin_mismatch'],
    ['that is shorter than the copy', signedLog(leaves(699)), 'log_short'],
  ])('leaves a copy alone for a log %s', async (_, other, code) => {
    const server = await logServer(signedLog(leaves(700)));
    const folder = temporaryFolder();
    await exportTo(folder, server);
    const first = { ...server };
    server.log = other;
    const ran = await exportTo(folder, server);
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining(`(${code})`)]);
    expectCopy(folder, first);
  });

  it.each([
    ['key', 'key_malformed'],
    ['checkpoint', 'note_forged'],
    ['tile/0/001', 'tile_malformed'],
    ['tile/entries/001', 'tile_malformed'],
  ])('takes no malformed %s', async (path, code) => {
    const server = await logServer(signedLog(leaves(700)));
    const bytes = Buffer.from(server.log.files.get(path)!);
    if (path === 'checkpoint') bytes[bytes.indexOf('700')] = 0x38;
    server.log.files.set(path, path === 'checkpoint' ? bytes : bytes.subarray(1));
    const folder = temporaryFolder();
    const ran = await exportTo(folder, server);
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining(`(${code})`)]);
    expect(filesIn(folder)).not.toContain('checkpoint');
  });

  it('names a file that is missing, a folder that cannot be, and a server that is not there', async () => {
    const server = await logServer(signedLog(leaves(700)));
    server.log.files.delete('tile/0/001');
    expect((await exportTo(temporaryFolder(), server)).err).toContain('the log has no tile/0/001 (tile_missing)');
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const there = await logServer(signedLog(leaves(1)));
    const refused = await exportTo(file, there);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('(unwritable)')]);
    expect((await exportTo(temporaryFolder(), { url: await nobody() })).code).toBe(7);
    expect((await run(['ledger', 'export'])).code).toBe(2);
  });
});
