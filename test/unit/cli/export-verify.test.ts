import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatNoteKey } from '../../../domain/ledger/note.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';
import { exportOf, KEYS, LOG_KEY, PROVENANCE, signerOf } from '../export/builder.ts';
import { fakeServer, run } from './run.ts';

async function saved(change: (bytes: Buffer) => Buffer = (bytes) => bytes) {
  const folder = temporaryStateRoot();
  const file = join(folder, 'EXP-1.tar');
  writeFileSync(file, change((await exportOf()).bytes));
  const keys = join(folder, 'keys.json');
  writeFileSync(keys, JSON.stringify({ keys: KEYS.provenance }));
  return { file, keys, remembered: join(folder, 'remembered.json') };
}

const verify = (...argv: string[]) => run(['export', 'verify', ...argv]);
const json = (text: string) => JSON.parse(text) as Record<string, unknown>;

describe('export verify', () => {
  it('says by whose word it was let out, with no server', async () => {
    const { file, keys } = await saved();
    const { code, out, err } = await verify(file, '--key-file', keys);
    expect([code, err]).toEqual([0, '']);
    for (const line of ['verified: yes', 'trusted_by: key', 'quorum: 1 safety_reviewer, 1 security_owner'])
      expect(out).toContain(line);
    expect(out).toMatch(/sam@example\.org +safety_reviewer/);
    expect((await verify(file, '--trust', PROVENANCE.key_id)).code).toBe(0);
    const byLog = await verify(file, '--log-key', formatNoteKey(LOG_KEY), '--json');
    expect([byLog.code, json(byLog.out)]).toMatchObject([0, { trusted_by: 'log', problem_count: 0 }]);
  });

  it('is not content with the keys in the archive', async () => {
    const { file } = await saved();
    const { code, out, err } = await verify(file);
    expect(code).toBe(1);
    expect(out).toContain('trusted_by: none');
    expect(err).toContain('proves nothing');
    const other = await verify(file, '--trust', signerOf(9).key_id, '--json');
    expect([other.code, json(other.out)]).toMatchObject([
      1,
      { verified: false, problems: [{ code: 'key_untrusted' }] },
    ]);
  });

  it('remembers the key that was named, and no other', async () => {
    const { file, keys, remembered } = await saved();
    expect((await verify(file, '--remember', remembered)).code).toBe(1);
    expect(() => statSync(remembered)).toThrow();
    expect((await verify(file, '--key-file', keys, '--remember', remembered)).code).toBe(0);
    const again = await verify(file, '--remember', remembered, '--json');
    expect([again.code, json(again.out)]).toMatchObject([0, { key_from: 'remembered', trusted_by: 'key' }]);
    writeFileSync(remembered, '{}');
    expect((await verify(file, '--remember', remembered)).code).toBe(2);
  });

  it('says what is wrong and where', async () => {
    const { file, keys } = await saved((bytes) => {
      const at = bytes.lastIndexOf(Buffer.alloc(100, 1)) - 10;
      bytes[at] = 3;
      return bytes;
    });
    const { code, out } = await verify(file, '--key-file', keys, '--json');
    const problem = { code: 'file_altered', member: 'bundle/weights/part-1.bin' };
    expect([code, json(out)]).toMatchObject([1, { verified: false, problem_count: 1, problems: [problem] }]);
    expect((await verify(file, '--key-file', keys)).out).toMatch(/file_altered +bundle\/weights\/part-1\.bin +\d+/);
  });

  it('takes no file that is none, and no key that is none', async () => {
    const { file, keys, remembered } = await saved();
    expect((await verify(`${file}.no`, '--key-file', keys)).code).toBe(2);
    expect((await verify(join(file, '..'), '--key-file', keys)).code).toBe(2);
    expect((await verify(file, '--key-file', remembered)).code).toBe(2);
    expect((await verify(file, '--trust', 'sha256:1')).code).toBe(2);
    const [key] = KEYS.provenance;
    writeFileSync(keys, JSON.stringify({ keys: [{ ...key, key_id: signerOf(9).key_id }] }));
    expect((await verify(file, '--key-file', keys)).code).toBe(2);
  });
});

describe('provenance keys', () => {
  it('prints what export verify takes', async () => {
    const { file, keys } = await saved();
    const { url } = await fakeServer(() => ({ body: { keys: KEYS.provenance } }));
    const { code, out } = await run(['provenance', 'keys', '--json', '--base-url', url]);
    expect(code).toBe(0);
    writeFileSync(keys, out);
    expect((await verify(file, '--key-file', keys)).code).toBe(0);
    expect(readFileSync(keys, 'utf8')).toContain(PROVENANCE.key_id);
  });
});
