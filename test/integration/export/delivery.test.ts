import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { archiveStream } from '../../../activities/exports/archive-stream.ts';
import { complete, send } from '../../../activities/exports/deliver.ts';
import type { SendingDeps } from '../../../activities/exports/deliver.ts';
import { httpRegistry } from '../../../activities/exports/registry.ts';
import { checkGate } from '../../../db/read/check-gate.ts';
import type { ArchiveLayout } from '../../../domain/export/archive.ts';
import { PART_BYTES } from '../../../domain/export/part.ts';
import { FileDestination } from '../../../storage/file-destination.ts';
import { DeliveryUnderTest } from '../../support/deliveries.ts';
import { freshFiles, layoutOf, startRegistry, TOKEN } from '../../support/export-registry.ts';
import type { ExportRegistry } from '../../support/export-registry.ts';
import { openRecord, reportIncident } from '../../support/record.ts';
import { flipBit } from '../registry/support.ts';
import { removeTree } from '../../support/remove-tree.ts';

const KILLED = new URL('../../support/stand-ins/deliver-parts.ts', import.meta.url).pathname;

let root: string;
let registry: ExportRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry?.close());
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'interlock-exports-'));
});
afterEach(() => removeTree(root));

const drafts = () => readdirSync(join(root, '.drafts'));

/** An archive of a bundle in the registry, as it is delivered to a file. */
function delivery(layout: ArchiveLayout, key: string, over: Partial<SendingDeps> = {}) {
  const source = httpRegistry({
    url: registry.api.url,
    internal: true,
    headers: async () => ({ authorization: `Bearer ${TOKEN}` }),
  });
  const destination = new FileDestination(root);
  const airlock = async () => 'open' as const;
  const deps: SendingDeps = {
    archive: { bytes: layout.bytes, read: () => archiveStream(layout, source) },
    airlock,
    keepHandle: async () => undefined,
    progress: () => undefined,
    signal: new AbortController().signal,
    ...over,
  };
  return async () => {
    const { handle, bytes, sha256 } = await send({ destination, key, handle: null }, deps);
    await complete({ destination, key, handle }, { bytes, sha256, retain_until: null }, deps);
    return sha256;
  };
}

describe('an export to a file', () => {
  it('S0-01 of the same bundle is the same archive, byte for byte, from one registry or another', async () => {
    const files = freshFiles();
    const layout = layoutOf(await registry.publish(files, {}, 'twice'));
    const first = await delivery(layout, 'default/first.tar')();
    const second = await delivery(layout, 'default/second.tar')();
    expect(second).toBe(first);
    const archives = ['first', 'second'].map((name) => readFileSync(join(root, `default/${name}.tar`)));
    expect(archives[0]?.equals(archives[1] ?? Buffer.alloc(0))).toBe(true);
    expect(archives[0]?.length).toBe(layout.bytes);
    expect(drafts()).toEqual([]);
  });

  it('S0-25 of a blob that broke since it was looked at has no name', async () => {
    const files = freshFiles();
    const layout = layoutOf(await registry.publish(files, {}, 'breaks'));
    flipBit(registry.blobRoot, files['weights/part-2.bin'], 1_400_000);
    await expect(delivery(layout, 'default/exp.tar')()).rejects.toMatchObject({ code: 'blob_corrupt' });
    expect(existsSync(join(root, 'default/exp.tar'))).toBe(false);
  });

  it('waits behind a hold that is placed while it is sent, and nothing is found under its key', async () => {
    const record = await openRecord();
    try {
      const layout = layoutOf(
        await registry.publish({ ...freshFiles(), large: Buffer.alloc(PART_BYTES + 9, 3) }, {}, 'held'),
      );
      const airlock = async () => ((await checkGate(record.db, 'default', 'airlock')).open ? 'open' : 'closed');
      let held = false;
      const progress = (sent: number) => void (held ||= sent > 0);
      const sending = delivery(layout, 'default/exp.tar', {
        airlock: async () => {
          if (held) await reportIncident(record.db, 'attestation_failure');
          return airlock();
        },
        progress,
      });
      await expect(sending()).rejects.toMatchObject({ code: 'airlock_closed' });
      expect([held, drafts().length, existsSync(join(root, 'default/exp.tar'))]).toEqual([true, 1, false]);
    } finally {
      await record.close();
    }
  });

  it('whose process is killed in the midst of it is gone on with, and there is one archive', async () => {
    const under = new DeliveryUnderTest(new FileDestination(root), 3 * PART_BYTES + 17);
    const file = join(root, 'archive');
    writeFileSync(file, under.bytes);
    const child = spawn(process.execPath, [KILLED, root, file, under.key, '2'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    try {
      // Of a child that ends by itself this is no handle.
      const [said] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer | number];
      under.handle = String(said).trim();
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
    expect([drafts(), existsSync(join(root, under.key))]).toEqual([[under.handle], false]);
    expect(await under.whole()).toBe('stored');
    expect(under.said).toEqual([2 * PART_BYTES, 3 * PART_BYTES, under.bytes.length]);
    expect(readFileSync(join(root, under.key)).equals(under.bytes)).toBe(true);
    expect([drafts(), readdirSync(join(root, 'default'))]).toEqual([[], ['exp-1.tar']]);
  });
});
