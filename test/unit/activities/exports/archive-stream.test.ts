import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { archiveStream } from '../../../../activities/exports/archive-stream.ts';
import { requireBlob } from '../../../../activities/exports/blob-source.ts';
import type { BlobSource } from '../../../../activities/exports/blob-source.ts';
import { partsOf } from '../../../../activities/exports/parts.ts';
import { archiveLayout } from '../../../../domain/export/archive.ts';
import type { ArchiveLayout } from '../../../../domain/export/archive.ts';
import { PART_BYTES } from '../../../../domain/export/part.ts';
import { inPieces, sha256Hex } from '../../../support/deliveries.ts';

/** Blobs in memory, which come in pieces of some length. */
function memorySource(blobs: readonly Uint8Array[], length: number): BlobSource & { reads: string[] } {
  const byDigest = new Map(blobs.map((bytes) => [sha256Hex(bytes), bytes]));
  const reads: string[] = [];
  return {
    reads,
    size: async (sha256) => byDigest.get(sha256)?.length ?? Number.NaN,
    read: (sha256, size) => {
      reads.push(sha256);
      return requireBlob(sha256, size, inPieces(byDigest.get(sha256) ?? new Uint8Array(), length));
    },
  };
}

function layoutOf(files: ReadonlyMap<string, Uint8Array>): ArchiveLayout {
  const blobs = [...files].map(([path, bytes]) => ({ path, sha256: sha256Hex(bytes), size: bytes.length }));
  const manifest = {
    blobs: blobs.sort((a, b) => (a.path < b.path ? -1 : 1)),
    transition_digest: `sha256:${'1'.repeat(64)}`,
    license: { id: 'MIT', sha256: blobs[0]?.sha256 ?? '' },
    policy_profile: 'lab-default',
    policy_hash: `sha256:${'2'.repeat(64)}`,
    created_at: '2026-01-02T03:04:05Z',
  };
  const bundle = { name: 'b', version: '1' };
  return archiveLayout({ bundle, manifest, statement: '{"statement":1}', keys: '{"keys":1}' });
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of stream) all.push(Uint8Array.from(piece));
  return Buffer.concat(all);
}

const file = fc.uint8Array({ maxLength: 3000 });
const path = fc.oneof(
  fc.stringMatching(/^[a-z]{1,12}(\/[a-z]{1,12}){0,2}$/),
  fc.constantFrom('größe/文件.bin', `${'deep/'.repeat(40)}end`),
);
const bundle = fc.dictionary(path, file, { minKeys: 1, maxKeys: 6 }).map((files) => new Map(Object.entries(files)));

describe('an archive as a stream', () => {
  it('is the same from any byte on, however its blobs come', async () => {
    await fc.assert(
      fc.asyncProperty(bundle, fc.integer({ min: 1, max: 4000 }), fc.nat(), async (files, length, anywhere) => {
        const layout = layoutOf(files);
        const blobs = [...files.values()];
        const whole = await bytesOf(archiveStream(layout, memorySource(blobs, 977)));
        expect(whole.length).toBe(layout.bytes);
        const from = anywhere % (layout.bytes + 1);
        const rest = await bytesOf(archiveStream(layout, memorySource(blobs, length), from));
        expect(rest.equals(whole.subarray(from))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('reads of what lies before its start no blob', async () => {
    const files = new Map([
      ['a', Buffer.alloc(1000, 1)],
      ['b', Buffer.alloc(1000, 2)],
    ]);
    const layout = layoutOf(files);
    const source = memorySource([...files.values()], 100);
    const at = layout.segments.findLast(({ source: { kind } }) => kind === 'blob')?.at ?? 0;
    await bytesOf(archiveStream(layout, source, at + 10));
    expect(source.reads).toEqual([sha256Hex(Buffer.alloc(1000, 2))]);
  });

  it('ends in an error where a blob is not what its digest names', async () => {
    const layout = layoutOf(new Map([['a', Buffer.alloc(1000, 1)]]));
    const source = memorySource([Buffer.alloc(1000, 1)], 100);
    const altered = {
      ...source,
      read: (sha256: string, size: number) => requireBlob(sha256, size, inPieces(Buffer.alloc(1000, 2))),
    };
    await expect(bytesOf(archiveStream(layout, altered))).rejects.toMatchObject({ code: 'blob_corrupt' });
  });
});

describe('parts of a stream', () => {
  it('are whole but for the last one, whatever the pieces are', async () => {
    const bytes = Buffer.alloc(2 * PART_BYTES + 5, 7);
    bytes.writeUInt32BE(1, PART_BYTES - 2);
    for (const length of [1_000_003, PART_BYTES, 3 * PART_BYTES]) {
      const seen: [number, string][] = [];
      for await (const part of partsOf(inPieces(bytes, length), new AbortController().signal))
        seen.push([part.start, sha256Hex(part.bytes)]);
      const at = [0, PART_BYTES, 2 * PART_BYTES];
      expect(seen).toEqual(at.map((start) => [start, sha256Hex(bytes.subarray(start, start + PART_BYTES))]));
    }
  });

  it('of nothing are none', async () => {
    for await (const part of partsOf(inPieces(Buffer.alloc(0)), new AbortController().signal))
      expect(part).toBe(undefined);
  });
});
