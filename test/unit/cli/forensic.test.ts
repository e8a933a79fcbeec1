import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { formatNoteKey } from '../../../domain/ledger/note.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';
import { bundleOf, draftOf, KEY, LOG_KEY, textOf } from '../forensic/builder.ts';
import { fakeServer, nobody, problem, run } from './run.ts';

const BUNDLE = textOf(bundleOf(draftOf()));
const NAME = 'forensic-bundle-20261121-120001.json';

/** A server that answers in bytes; what it was asked is in `paths`. */
async function byteServer(answer: (res: ServerResponse) => void): Promise<{ url: string; paths: string[] }> {
  const paths: string[] = [];
  const server = createServer((req, res) => {
    paths.push(req.url ?? '');
    answer(res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, paths };
}

const attachment = (name: string, length = Buffer.byteLength(BUNDLE)) => ({
  'Content-Type': 'application/json; charset=utf-8',
  'Content-Length': length,
  'Content-Disposition': `attachment; filename="${name}"`,
});

/** A folder that commands run in. */
function workingFolder(): string {
  const folder = temporaryStateRoot();
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  return folder;
}

describe('forensic export', () => {
  it('S4-44 saves the bundle under its timestamped name with an independent SHA-256 file, for its owner only', async () => {
    const { url, paths } = await byteServer((res) => res.writeHead(200, attachment(NAME)).end(BUNDLE));
    const folder = workingFolder();
    const { code, out, err } = await run(['forensic', 'export', '--base-url', url]);
    expect([code, err, paths]).toEqual([0, '', ['/api/v1/forensic/export']]);
    expect(readdirSync(folder).sort()).toEqual([NAME, `${NAME}.sha256`]);
    expect(readFileSync(NAME, 'utf8')).toBe(BUNDLE);
    const digest = createHash('sha256').update(BUNDLE).digest('hex');
    expect(readFileSync(`${NAME}.sha256`, 'utf8')).toBe(`${digest}  ${NAME}\n`);
    expect([statSync(NAME).mode & 0o777, statSync(`${NAME}.sha256`).mode & 0o777]).toEqual([0o600, 0o600]);
    expect(out).toContain(`sha256: ${digest}`);
  });

  it('writes where it is told, and replaces nothing', async () => {
    const { url, paths } = await byteServer((res) => res.writeHead(200, attachment(NAME)).end(BUNDLE));
    const folder = temporaryStateRoot();
    const file = join(folder, 'b.json');
    const { code, out } = await run(['forensic', 'export', '--out', file, '--json', '--base-url', url]);
    const bytes = Buffer.byteLength(BUNDLE);
    expect([code, JSON.parse(out)]).toEqual([
      0,
      expect.objectContaining({ file, sha256_file: `${file}.sha256`, bytes }),
    ]);
    const again = await run(['forensic', 'export', '--out', file, '--base-url', url]);
    expect([again.code, again.err.split('\n')[0], paths.length]).toEqual([
      2,
      `error: ${file} is there already (usage)`,
      1,
    ]);
    renameSync(file, join(folder, 'c.json'));
    expect((await run(['forensic', 'export', '--out', file, '--base-url', url])).err).toContain(
      'b.json.sha256 is there already',
    );
    const nowhere = await run(['forensic', 'export', '--out', join(folder, 'no', 'b.json'), '--base-url', url]);
    expect([nowhere.code, nowhere.err.includes('cannot be written (ENOENT)')]).toEqual([2, true]);
  });

  it('takes no path for a name', async () => {
    const { url } = await byteServer((res) => res.writeHead(200, attachment('../../evil.json')).end(BUNDLE));
    const folder = workingFolder();
    expect((await run(['forensic', 'export', '--base-url', url])).code).toBe(0);
    for (const name of readdirSync(folder)) expect(name).toMatch(/^forensic-bundle-\d{8}-\d{6}\.json(\.sha256)?$/);
  });

  it('leaves nothing of a bundle that was cut', async () => {
    const { url } = await byteServer((res) => {
      res.writeHead(200, attachment(NAME));
      res.write(BUNDLE.slice(0, 1000));
      setTimeout(() => res.destroy(), 50);
    });
    const folder = workingFolder();
    const { code, out, err } = await run(['forensic', 'export', '--base-url', url]);
    expect([code, out, readdirSync(folder)]).toEqual([7, '', []]);
    expect(err).toContain('is unreachable');
  });

  it('says why there is none', async () => {
    const { url } = await fakeServer(() => problem(503, 'log_signer_unavailable'));
    const refused = await run(['forensic', 'export', '--base-url', url]);
    expect([refused.code, refused.err]).toEqual([
      7,
      'error: because of log_signer_unavailable (log_signer_unavailable)\n',
    ]);
    const forbidden = await fakeServer(() => problem(403, 'not_permitted'));
    expect((await run(['forensic', 'export', '--base-url', forbidden.url])).code).toBe(6);
    expect((await run(['forensic', 'export', '--base-url', await nobody()])).code).toBe(7);
  });
});

/** A bundle with its checksum, and the key that signed it. */
function evidence(bundle = BUNDLE) {
  const folder = temporaryStateRoot();
  const [file, key] = [join(folder, NAME), join(folder, 'forensic.key')];
  writeFileSync(file, bundle);
  writeFileSync(key, Buffer.from(KEY.key), { mode: 0o600 });
  return { folder, file, key };
}

const facts = (out: string) =>
  Object.fromEntries(
    out.split('\n').flatMap((line) => (line.includes(': ') ? [line.split(': ', 2) as [string, string]] : [])),
  );

describe('forensic verify', () => {
  it('S4-42 S4-43 needs no server, and ends with 0 when nothing was altered', async () => {
    const { file, key } = evidence();
    const { code, out, err } = await run(['forensic', 'verify', file, '--key-file', key, '--base-url', await nobody()]);
    expect([code, err]).toEqual([0, '']);
    expect(facts(out)).toMatchObject({
      incidents: '3',
      audit_entries: '7',
      proven_entries: '6',
      unproven_entries: '1',
      log: 'test/1 up to 6',
      signature: 'good',
      signature_ed25519: 'good',
      checkpoint: 'good',
      sha256_file: 'unchecked',
      unaltered: 'yes',
    });
  });

  it('S4-42 says what was altered and where, and ends with 1', async () => {
    const { file, key } = evidence(BUNDLE.replace('"state":"contained"', '"state":"resolved"'));
    const { code, out } = await run(['forensic', 'verify', file, '--key-file', key]);
    expect([code, facts(out)['unaltered']]).toEqual([1, 'no']);
    expect(out).toMatch(/^incident_altered +incidents\[0\] +INC-\S+ is not what its hash is of$/m);
    expect(out).toMatch(/^member_altered +incidents\[0\] +is not what canonical_payload has there$/m);
    const json = await run(['forensic', 'verify', file, '--key-file', key, '--json']);
    const said = JSON.parse(json.out) as { problems: { code: string }[] };
    expect([json.code, said.problems.map((p) => p.code)]).toEqual([1, ['incident_altered', 'member_altered']]);
  });

  it('a stranger needs the key of the log, as a line or in a file', async () => {
    const { folder, file } = evidence();
    const line = formatNoteKey(LOG_KEY);
    writeFileSync(join(folder, 'log.key'), `${line}\n`);
    const since = '2026-11-21T12:00:00.000Z';
    const own = { verifier_key: line, from: 0, to: null, note: null, since };
    const archive = { origin: 'test/1', epoch: 1, keys: [own], ended: [] };
    writeFileSync(join(folder, 'keys'), JSON.stringify(archive));
    for (const given of [line, join(folder, 'log.key'), join(folder, 'keys')]) {
      const { code, out } = await run(['forensic', 'verify', file, '--ledger-key', given]);
      expect([code, facts(out)]).toEqual([
        0,
        expect.objectContaining({ signature: 'unchecked', signature_ed25519: 'good' }),
      ]);
    }
    const other = line.replace('test/1', 'test/2');
    expect((await run(['forensic', 'verify', file, '--ledger-key', other])).code).toBe(2);
  });

  it('S4-41 finds the key among those that were retired beside it', async () => {
    const { file, key } = evidence();
    mkdirSync(`${key}.retired`);
    renameSync(key, join(`${key}.retired`, '2025'));
    writeFileSync(key, 'n'.repeat(32), { mode: 0o600 });
    expect((await run(['forensic', 'verify', file, '--key-file', key])).code).toBe(0);
    renameSync(`${key}.retired`, `${key}.lost`);
    const lost = await run(['forensic', 'verify', file, '--key-file', key]);
    expect([lost.code, lost.out.includes('key_unknown')]).toEqual([1, true]);
    expect((await run(['forensic', 'verify', file, '--key-file', join(`${key}.lost`, '2025')])).code).toBe(0);
  });

  it('S4-44 holds the file against the checksum beside it', async () => {
    const { file, key } = evidence();
    const digest = createHash('sha256').update(BUNDLE).digest('hex');
    writeFileSync(`${file}.sha256`, `${digest}  ${NAME}\n`);
    const good = await run(['forensic', 'verify', file, '--key-file', key]);
    expect([good.code, facts(good.out)['sha256_file']]).toEqual([0, 'good']);
    writeFileSync(file, JSON.stringify(JSON.parse(BUNDLE), null, 2));
    const anew = await run(['forensic', 'verify', file, '--key-file', key]);
    expect([anew.code, facts(anew.out)['sha256_file'], facts(anew.out)['signature']]).toEqual([1, 'bad', 'good']);
    expect(anew.err).toContain('the file was formatted anew');
    writeFileSync(file, 'no bundle');
    const none = await run(['forensic', 'verify', file, '--key-file', key]);
    expect([none.code, none.out.includes('malformed'), none.out.includes('checksum_differs')]).toEqual([1, true, true]);
  });

  it('a command line that cannot be meant is a usage error, which quotes no key', async () => {
    const { folder, file, key } = evidence();
    const short = join(folder, 'short');
    writeFileSync(short, 'hunter2');
    chmodSync(short, 0o600);
    for (const [argv, sentence] of [
      [[file], '--key-file is missing, or --ledger-key'],
      [[], 'FILE is missing'],
      [[join(folder, 'no'), '--key-file', key], 'cannot be read (ENOENT)'],
      [[folder, '--key-file', key], 'cannot be read (EISDIR)'],
      [[file, '--key-file', join(folder, 'no')], 'cannot be read (ENOENT)'],
      [[file, '--key-file', short], 'does not have 32 to 4096 bytes'],
      [[file, '--ledger-key', short], 'the ledger key is no verifier key line'],
    ] as [string[], string][]) {
      const { code, out, err } = await run(['forensic', 'verify', ...argv]);
      expect([code, out]).toEqual([2, '']);
      expect(err).toContain(sentence);
      expect(err).not.toContain('hunter2');
    }
  });
});
