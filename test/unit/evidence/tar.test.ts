import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isArchivePath, paddingOf, readTar, TAR_END, tarHeader } from '../../../domain/evidence/tar.ts';
import { removeTree } from '../../support/remove-tree.ts';

const archive = (files: [string, string][]): Buffer =>
  Buffer.concat([
    ...files.flatMap(([path, text]) => [
      tarHeader(path, Buffer.byteLength(text), 1_773_489_600),
      Buffer.from(text),
      new Uint8Array(paddingOf(Buffer.byteLength(text))),
    ]),
    new Uint8Array(TAR_END),
  ]);

const FILES: [string, string][] = [
  ['MANIFEST.json', '{}'],
  ['histories/recovery-1.json', 'x'.repeat(1024)],
  ['empty', ''],
];

describe('an archive', () => {
  it('is one that tar reads, with files that only their owner reads', () => {
    const folder = mkdtempSync(join(tmpdir(), 'interlock-tar-'));
    onTestFinished(() => removeTree(folder));
    const file = join(folder, 'a.tar');
    writeFileSync(file, archive(FILES));
    const listed = execFileSync('tar', ['--utc', '-tvf', file], { encoding: 'utf8' }).trim().split('\n');
    expect(listed.map((line) => line.replaceAll(/ +/g, ' '))).toEqual(
      FILES.map(([path, text]) => `-rw------- 0/0 ${text.length} 2026-03-14 12:00 ${path}`),
    );
    expect(execFileSync('tar', ['-xOf', file, 'histories/recovery-1.json'], { encoding: 'utf8' })).toBe(FILES[1]?.[1]);
  });

  it('gives back its files, and the same bytes for the same files', () => {
    const { files, problems, whole } = readTar(archive(FILES), () => undefined);
    expect([problems, whole]).toEqual([[], true]);
    expect([...files].map(([path, bytes]) => [path, Buffer.from(bytes).toString()])).toEqual(FILES);
    expect(archive(FILES).equals(archive(FILES))).toBe(true);
  });

  it('says where it was cut or goes on', () => {
    const whole = archive(FILES);
    for (const length of [0, 100, 512, 600, whole.length - 1])
      expect(readTar(whole.subarray(0, length), () => undefined).problems).toMatchObject([{ code: 'archive_cut' }]);
    expect(readTar(Buffer.concat([whole, Buffer.alloc(512)]), () => undefined).problems).toMatchObject([
      { code: 'archive_overlong' },
    ]);
  });

  it('has no path that leads out of it', () => {
    for (const path of ['/etc/passwd', '../x', 'a/../b', 'a//b', '.hidden', 'a/.b', '', 'x'.repeat(101), 'a\nb'])
      expect(isArchivePath(path)).toBe(false);
    expect(() => tarHeader('../x', 1, 0)).toThrow(RangeError);
    expect(() => tarHeader('x', 8 ** 11, 0)).toThrow(RangeError);
  });
});
