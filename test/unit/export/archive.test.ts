import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { archiveMembers } from '../../../domain/export/archive.ts';
import type { ArchiveContent } from '../../../domain/export/archive.ts';
import { memberHeader, MOST_HEADER_BYTES, paxRecord, readMemberHeader } from '../../../domain/export/pax.ts';
import { bytesOf, manifestOf } from './builder.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const contentOf = (files: ReadonlyMap<string, Uint8Array>): ArchiveContent => ({
  bundle: { name: 'model', version: '1.0' },
  manifest: manifestOf(files),
  statement: '{"s":1}',
  keys: '{}',
});

const path = fc
  .array(fc.stringMatching(/^[A-Za-zäöüßλ漢字_ +-][A-Za-z0-9äλ漢😀._ -]{0,40}[a-z漢]$/u), {
    minLength: 1,
    maxLength: 5,
  })
  .map((parts) => parts.map((part) => part.trim().normalize('NFC')).join('/'));
const isBundle = (files: ReadonlyMap<string, Uint8Array>): boolean => {
  try {
    return manifestOf(files).blobs.length > 0;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
};
const tree = fc
  .array(fc.tuple(path, fc.uint8Array({ maxLength: 1500 })), { maxLength: 6 })
  .map((files) => new Map(files))
  .filter(isBundle);

describe('the archive of an export', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'interlock-archive-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('is unpacked by GNU tar to the same files, whatever their names', () => {
    let run = 0;
    fc.assert(
      fc.property(tree, (files) => {
        const content = contentOf(files);
        const into = join(folder, String((run += 1)));
        writeFileSync(`${into}.tar`, bytesOf(content, files));
        mkdirSync(into);
        execFileSync('tar', ['-xf', `${into}.tar`, '-C', into], { stdio: ['ignore', 'pipe', 'pipe'] });
        for (const { path: name, source } of archiveMembers(content)) {
          const found = readFileSync(join(into, name));
          expect(sha256(found)).toBe(source.kind === 'inline' ? sha256(source.bytes) : source.sha256);
        }
        const names = execFileSync('find', [into, '-type', 'f'], { encoding: 'utf8' }).trim().split('\n');
        expect(names).toHaveLength(archiveMembers(content).length);
      }),
      { numRuns: 25 },
    );
  });

  it('is the same whoever makes it and whenever', () => {
    const files = new Map([['a/ö.bin', Buffer.alloc(700, 7)]]);
    expect(sha256(bytesOf(contentOf(files), files))).toBe(sha256(bytesOf(contentOf(files), files)));
    const listed = execFileSync('tar', ['-tvf', '-', '--utc', '--full-time'], {
      input: bytesOf(contentOf(files), files),
    });
    for (const line of listed.toString().trim().split('\n'))
      expect(line).toMatch(/^-rw-r--r-- 0\/0 .* 2026-03-01 12:00:00 /);
  });

  it('says a size of 8 GiB and more in a pax header', () => {
    const size = 8 ** 11;
    const header = memberHeader(3, 'bundle/weights', size, 0);
    // What it announces does not follow; how tar likes that is not asked.
    const { stdout: listed } = spawnSync('tar', ['-tvf', '-'], { input: Buffer.from(header), encoding: 'utf8' });
    expect(listed).toContain(` ${size} `);
    expect(listed).toContain('bundle/weights');
    expect(memberHeader(3, 'bundle/weights', size - 1, 0)).toHaveLength(512);
  });
});

describe('a pax record', () => {
  it('counts its own digits', () => {
    expect(Buffer.from(paxRecord('path', 'x')).toString()).toBe('9 path=x\n');
    expect(Buffer.from(paxRecord('a', 'b')).toString()).toBe('6 a=b\n');
    fc.assert(
      fc.property(fc.string({ maxLength: 3000, unit: 'grapheme' }), (value) => {
        const record = Buffer.from(paxRecord('path', value));
        expect(Number.parseInt(record.toString('latin1'), 10)).toBe(record.length);
      }),
    );
  });

  it('is read back, whatever the path and however large the file, and asks for no byte more', () => {
    const sizes = fc.oneof(fc.nat(), fc.integer({ min: 8 ** 11 - 1, max: 2 ** 50 }));
    fc.assert(
      fc.property(fc.nat({ max: 1002 }), path, sizes, fc.nat(), (index, name, size, mtime) => {
        const header = memberHeader(index, `bundle/${name}`, size, mtime);
        const said = { path: `bundle/${name}`, size, mtime, length: header.length };
        expect(readMemberHeader(header)).toEqual(said);
        expect(readMemberHeader(Buffer.concat([header, Buffer.alloc(512, 7)]))).toEqual(said);
        for (let have = 0; have < header.length;) {
          const needed = readMemberHeader(header.subarray(0, have));
          expect(needed).toBeGreaterThan(have);
          have = Number(needed);
          expect(have).toBeLessThanOrEqual(header.length);
        }
      }),
    );
  });

  it('of GNU tar is read as well', () => {
    const folder = mkdtempSync(join(tmpdir(), 'interlock-pax-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const name = `${'lang/'.repeat(30)}Größe 漢字.bin`;
    mkdirSync(join(folder, dirname(name)), { recursive: true });
    writeFileSync(join(folder, name), 'x'.repeat(700));
    const options = ['--format=pax', '--pax-option=delete=atime,delete=ctime,delete=mtime', '--mtime=@1772366400'];
    const made = execFileSync('tar', [...options, '-cf', '-', name], { cwd: folder });
    const said = readMemberHeader(made);
    expect(said).toMatchObject({ path: name, size: 700, mtime: 1_772_366_400 });
    const { length } = said as { length: number };
    expect(made.subarray(length, length + 700).toString()).toBe('x'.repeat(700));
  });

  it('is never longer than a reader expects', () => {
    const longest = `bundle/${'漢'.repeat(255)}/${'漢'.repeat(255)}/${'漢'.repeat(255)}/${'漢'.repeat(255)}`;
    expect(memberHeader(0, longest, 2 ** 50, 0).length).toBeLessThanOrEqual(MOST_HEADER_BYTES);
  });
});
