import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { byPath, firstBaseline } from '../../../domain/integrity/baseline.ts';
import { compareBaseline } from '../../../domain/integrity/compare.ts';
import { observeFiles } from '../../../workers/attester/observe-files.ts';
import { makeProtectedFolder } from '../../../workers/protected-folder.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const approval = { by: 'system', reason: 'first start', ticket: null, now: '2026-03-14T12:00:00.000Z' };

function folder(): string {
  const path = join(temporaryStateRoot(), 'protected');
  makeProtectedFolder(path);
  return path;
}

const differences = async (path: string, change: () => void) => {
  const baseline = firstBaseline({ baseline: 'protected', root: 'protected' }, await observeFiles(path), approval);
  change();
  return compareBaseline(baseline, await observeFiles(path)).map((d) => [d.kind, d.path]);
};

describe('the protected folder', () => {
  it('is made whole, once', () => {
    const path = folder();
    expect(readdirSync(path)).toHaveLength(3);
    rmSync(join(path, 'system-prompt.md'));
    makeProtectedFolder(path);
    expect(readdirSync(path)).toHaveLength(2);
    expect(readdirSync(join(path, '..'))).toEqual(['protected']);
  });
});

describe('observed files', () => {
  it('are what lies there, with whole modes, links and pipes unfollowed', async () => {
    const path = join(temporaryStateRoot(), 'files');
    mkdirSync(join(path, 'deep', 'er'), { recursive: true });
    writeFileSync(join(path, 'deep', 'er', 'b'), 'bytes', { mode: 0o640 });
    writeFileSync(join(path, 'a'), '');
    chmodSync(join(path, 'a'), 0o4755);
    symlinkSync('/etc/passwd', join(path, 'link'));
    symlinkSync('..', join(path, 'loop'));
    execFileSync('mkfifo', ['-m', '600', join(path, 'pipe')]);
    expect((await observeFiles(path)).sort(byPath)).toEqual([
      { path: 'a', sha256: sha256(''), size: 0, mode: 0o104755 },
      { path: 'deep/er/b', sha256: sha256('bytes'), size: 5, mode: 0o100640 },
      { path: 'link', sha256: sha256('/etc/passwd'), size: 11, mode: 0o120777 },
      { path: 'loop', sha256: sha256('..'), size: 2, mode: 0o120777 },
      { path: 'pipe', sha256: sha256(''), size: 0, mode: 0o010600 },
    ]);
  });

  it('are none where there is no folder', async () => {
    expect(await observeFiles(join(temporaryStateRoot(), 'none'))).toEqual([]);
  });

  it('do not differ while nothing changed', async () => {
    expect(await differences(folder(), () => undefined)).toEqual([]);
  });

  it('differ when one is edited, removed, added, replaced by a link, or made executable', async () => {
    const path = folder();
    const prompt = join(path, 'system-prompt.md');
    expect(await differences(path, () => writeFileSync(prompt, 'other'))).toEqual([['changed', 'system-prompt.md']]);
    expect(await differences(path, () => chmodSync(prompt, 0o755))).toEqual([['changed', 'system-prompt.md']]);
    expect(await differences(path, () => writeFileSync(join(path, 'z'), ''))).toEqual([['added', 'z']]);
    const link = () => {
      rmSync(prompt);
      symlinkSync('elsewhere', prompt);
    };
    expect(await differences(path, link)).toEqual([['changed', 'system-prompt.md']]);
    expect(await differences(path, () => rmSync(prompt))).toEqual([['missing', 'system-prompt.md']]);
  });

  it('tell names apart that are not UTF-8', async () => {
    const path = join(temporaryStateRoot(), 'files');
    mkdirSync(path);
    for (const byte of [0xfe, 0xff]) writeFileSync(Buffer.concat([Buffer.from(`${path}/`), Buffer.of(byte)]), '');
    expect((await observeFiles(path)).map((file) => file.path)).toEqual(['bytes:fe', 'bytes:ff']);
  });

  it('that are more than an answer holds are refused as such', async () => {
    const path = join(temporaryStateRoot(), 'files');
    const long = 'x'.repeat(240);
    const folder = join(path, long, long, long);
    mkdirSync(folder, { recursive: true });
    for (let n = 0; n < 1_700; n += 1) writeFileSync(join(folder, `${long}${n}`), '');
    await expect(observeFiles(path)).rejects.toMatchObject({ type: 'observation_too_large', nonRetryable: true });
  });
});
