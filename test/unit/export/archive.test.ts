import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archiveLayout, archiveMembers } from '../../../domain/export/archive.ts';
import type { ArchiveContent } from '../../../domain/export/archive.ts';
import { memberHeader, MOST_PAX_BYTES, paxRecord } from '../../../domain/export/pax.ts';
import { readManifest } from '../../../domain/registry/manifest.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const LICENSE = Buffer.from('as is\n');

/** An archive of these files, and where their bytes are found. */
function contentOf(files: ReadonlyMap<string, Uint8Array>): {
  content: ArchiveContent;
  blobs: Map<string, Uint8Array>;
} {
  const all = new Map([['LICENSE', LICENSE], ...files]);
  const read = readManifest({
    blobs: [...all].map(([path, bytes]) => ({ path, sha256: sha256(bytes), size: bytes.length })),
    transition_digest: `sha256:${'1'.repeat(64)}`,
    license: { id: 'MIT', sha256: sha256(LICENSE) },
    policy_profile: 'audit-strict',
    policy_hash: `sha256:${'2'.repeat(64)}`,
    created_at: '2026-03-01T12:00:00Z',
  });
  if (!read.ok) throw new Error(JSON.stringify(read.fields));
  const content = {
    bundle: { name: 'model', version: '1.0' },
    manifest: read.manifest,
    statement: '{"s":1}',
    keys: '{}',
  };
  return { content, blobs: new Map([...all.values()].map((bytes) => [sha256(bytes), bytes])) };
}

function bytesOf({ content, blobs }: ReturnType<typeof contentOf>): Buffer {
  const { bytes, segments } = archiveLayout(content);
  const whole = Buffer.concat(
    segments.map(({ source }) => (source.kind === 'inline' ? source.bytes : (blobs.get(source.sha256) as Uint8Array))),
  );
  expect(whole.length).toBe(bytes);
  return whole;
}

const path = fc
  .array(fc.stringMatching(/^[A-Za-zäöüßλ漢字_ +-][A-Za-z0-9äλ漢😀._ -]{0,40}[a-z漢]$/), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.map((part) => part.trim().normalize('NFC')).join('/'))
  .filter((text) => readManifest({}).ok || !text.split('/').some((part) => /^\.*$/.test(part)));
const tree = fc
  .dictionary(path, fc.uint8Array({ maxLength: 1500 }), { maxKeys: 6 })
  .map((files) => new Map(Object.entries(files)));

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
        let made;
        try {
          made = contentOf(files);
        } catch {
          return fc.pre(false);
        }
        const into = join(folder, String((run += 1)));
        writeFileSync(`${into}.tar`, bytesOf(made));
        execFileSync('mkdir', [into]);
        execFileSync('tar', ['-xf', `${into}.tar`, '-C', into], { stdio: ['ignore', 'pipe', 'pipe'] });
        for (const { path: name, source } of archiveMembers(made.content)) {
          const want = source.kind === 'inline' ? source.bytes : made.blobs.get(source.sha256);
          expect(readFileSync(join(into, name)).equals(want as Uint8Array)).toBe(true);
        }
        return undefined;
      }),
      { numRuns: 25 },
    );
  });

  it('is the same whoever makes it and whenever', () => {
    const files = new Map([['a/ö.bin', Buffer.alloc(700, 7)]]);
    expect(sha256(bytesOf(contentOf(files)))).toBe(sha256(bytesOf(contentOf(files))));
    const listed = execFileSync('tar', ['-tvf', '-', '--utc', '--full-time'], { input: bytesOf(contentOf(files)) });
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

  it('is never longer than a reader expects', () => {
    const longest = `bundle/${'漢'.repeat(255)}/${'漢'.repeat(255)}/${'漢'.repeat(255)}/${'漢'.repeat(255)}`;
    expect(memberHeader(0, longest, 2 ** 50, 0).length - 512).toBeLessThanOrEqual(MOST_PAX_BYTES);
  });
});
