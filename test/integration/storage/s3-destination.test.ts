import { createHash, randomBytes } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectRetentionCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PART_BYTES } from '../../../domain/export/part.ts';
import { S3Destination } from '../../../storage/s3-destination.ts';
import { startS3 } from '../../support/s3-server.ts';
import type { S3Server } from '../../support/s3-server.ts';

let server: S3Server;
beforeAll(async () => {
  server = await startS3();
});
afterAll(() => server?.stop());

let destination: S3Destination;
let key: string;
let at: { Bucket: string; Key: string };
const opened: S3Destination[] = [];
/** A process that was started again. */
const restarted = (place = server.place) => {
  destination = new S3Destination({ ...place, prefix: 'exports/' });
  opened.push(destination);
  return destination;
};
beforeEach(() => {
  restarted();
  key = `default/${randomBytes(8).toString('hex')}.tar`;
  at = { Bucket: server.place.bucket, Key: `exports/${key}` };
});
afterEach(() => opened.splice(0).forEach((each) => each.close()));

const BYTES = randomBytes(2 * PART_BYTES + 1000);
const LATER = () => new AbortController().signal;
const wholeOf = (bytes: Uint8Array, retain_until: string | null = null) => ({
  bytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
  retain_until,
});
const versions = async () => {
  const page = await server.client.send(new ListObjectVersionsCommand({ Bucket: at.Bucket, Prefix: at.Key }));
  return (page.Versions ?? []).map(({ VersionId }) => VersionId);
};
const uploads = async () => {
  const page = await server.client.send(new ListMultipartUploadsCommand({ Bucket: at.Bucket, Prefix: at.Key }));
  return page.Uploads ?? [];
};
const stored = async () => {
  const { Body: body } = await server.client.send(new GetObjectCommand(at));
  return Buffer.from((await body?.transformToByteArray()) ?? []);
};

async function sendAll(bytes: Uint8Array, handle: string, from = 0): Promise<void> {
  for (let start = from; start < bytes.length; start += PART_BYTES)
    await destination.part(key, handle, start, bytes.subarray(start, start + PART_BYTES));
}

async function begun(bytes: Uint8Array = BYTES): Promise<string> {
  const { handle } = await destination.open(key, null);
  await sendAll(bytes, handle);
  return handle;
}

describe('a destination in a bucket', () => {
  it('gives the archive its name when it has all of it, and leaves no upload', async () => {
    const handle = await begun();
    expect(await versions()).toEqual([]);
    expect(await destination.complete(key, handle, wholeOf(BYTES), LATER())).toBe('stored');
    expect((await stored()).equals(BYTES)).toBe(true);
    expect([(await versions()).length, await uploads()]).toEqual([1, []]);
  });

  it('goes on after a kill with the whole parts that it has', async () => {
    const { handle } = await destination.open(key, null);
    await destination.part(key, handle, 0, BYTES.subarray(0, PART_BYTES));
    await server.kill();
    await expect(destination.part(key, handle, PART_BYTES, BYTES.subarray(0, 10))).rejects.toMatchObject({
      code: 'blob_store_unreachable',
    });
    await server.start();
    restarted();
    expect(await destination.open(key, handle)).toEqual({ handle, received: PART_BYTES });
    await sendAll(BYTES, handle, PART_BYTES);
    expect(await restarted().complete(key, handle, wholeOf(BYTES), LATER())).toBe('stored');
    expect((await stored()).equals(BYTES)).toBe(true);
    expect(await uploads()).toEqual([]);
  });

  it('takes the same part again, and not another one in its place', async () => {
    const handle = await begun();
    await sendAll(BYTES, handle);
    restarted();
    await sendAll(BYTES, handle);
    const other = Buffer.alloc(PART_BYTES, 7);
    await expect(destination.part(key, handle, 0, other)).rejects.toMatchObject({ code: 'blob_conflict' });
    expect(await destination.complete(key, handle, wholeOf(BYTES), LATER())).toBe('stored');
  });

  it('begins anew where the upload is gone, and refuses a gap', async () => {
    const handle = await begun();
    await destination.abort(key, handle);
    await destination.abort(key, handle);
    const part = BYTES.subarray(0, 10);
    await expect(destination.part(key, handle, 0, part)).rejects.toMatchObject({ code: 'blob_store_unreachable' });
    const again = await destination.open(key, handle);
    expect([again.received, again.handle === handle]).toEqual([0, false]);
    for (const start of [PART_BYTES, 10])
      await expect(destination.part(key, again.handle, start, part)).rejects.toMatchObject({
        code: 'blob_store_unreachable',
      });
    await expect(destination.open(key, 'not\na handle')).rejects.toMatchObject({ code: 'key_invalid' });
  });

  it('says of the same bytes under the name that they are present, and never overwrites others', async () => {
    await destination.complete(key, await begun(), wholeOf(BYTES), LATER());
    expect(await destination.complete(key, await begun(), wholeOf(BYTES), LATER())).toBe('present');
    for (const other of [randomBytes(100), Buffer.concat([BYTES.subarray(1), Buffer.from('x')])]) {
      const handle = await begun(other);
      await expect(destination.complete(key, handle, wholeOf(other), LATER())).rejects.toMatchObject({
        code: 'blob_conflict',
      });
      await destination.abort(key, handle);
    }
    expect([(await stored()).equals(BYTES), (await versions()).length, await uploads()]).toEqual([true, 1, []]);
  });

  it('whose process was killed when it had its name is completed by the next one, without a second object', async () => {
    const handle = await begun();
    await destination.complete(key, handle, wholeOf(BYTES), LATER());
    expect(await restarted().complete(key, handle, wholeOf(BYTES), LATER())).toBe('present');
    const again = await destination.open(key, handle);
    await sendAll(BYTES, again.handle);
    expect(await destination.complete(key, again.handle, wholeOf(BYTES), LATER())).toBe('present');
    expect([(await versions()).length, await uploads()]).toEqual([1, []]);
  });

  it('does not give a name to what is not what was announced', async () => {
    const handle = await begun();
    const other = wholeOf(Buffer.concat([BYTES.subarray(1), Buffer.from('x')]));
    await expect(destination.complete(key, handle, other, LATER())).rejects.toMatchObject({ code: 'blob_mismatch' });
    expect([await versions(), await uploads()]).toEqual([[], []]);
    await expect(destination.complete(key, handle, other, LATER())).rejects.toMatchObject({ code: 'blob_mismatch' });
    const short = await begun(BYTES.subarray(0, PART_BYTES));
    await expect(restarted().complete(key, short, wholeOf(BYTES), LATER())).rejects.toMatchObject({
      code: 'blob_mismatch',
    });
  });

  it('has no name after its time is over', async () => {
    const handle = await begun();
    await expect(destination.complete(key, handle, wholeOf(BYTES), AbortSignal.abort())).rejects.toMatchObject({
      code: 'blob_store_unreachable',
    });
    expect(await versions()).toEqual([]);
    expect(await destination.complete(key, handle, wholeOf(BYTES), LATER())).toBe('stored');
  });

  it('is locked until the date that it is to be kept, by whoever completes it last', async () => {
    const until = new Date(Date.now() + 86_400_000).toISOString();
    await destination.complete(key, await begun(), wholeOf(BYTES), LATER());
    expect(await destination.complete(key, await begun(), wholeOf(BYTES, until), LATER())).toBe('present');
    const { Retention: retention } = await server.client.send(new GetObjectRetentionCommand(at));
    expect(retention?.Mode).toBe('COMPLIANCE');
    expect(Math.abs((retention?.RetainUntilDate?.getTime() ?? 0) - Date.parse(until))).toBeLessThan(1001);
    const [version] = await versions();
    const remove = server.client.send(new DeleteObjectCommand({ ...at, VersionId: version }));
    await expect(remove).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  });

  it('says what keeps it: credentials, the network, a name that was taken from under it', async () => {
    const { credentials } = server.place;
    const wrong = restarted({ ...server.place, credentials: { ...credentials, secretAccessKey: 'hunter2' } });
    await expect(wrong.open(key, null)).rejects.toMatchObject({ code: 'blob_store_denied' });
    const away = restarted({ ...server.place, endpoint: 'http://127.0.0.1:9' });
    await expect(away.open(key, null)).rejects.toMatchObject({ code: 'blob_store_unreachable' });
    const outside = restarted({ ...server.place, internal: false });
    await expect(outside.open(key, null)).rejects.toMatchObject({ code: 'blob_store_denied' });
    restarted();
    const handle = await begun();
    await server.client.send(new PutObjectCommand({ ...at, Body: 'other' }));
    await expect(destination.complete(key, handle, wholeOf(BYTES), LATER())).rejects.toMatchObject({
      code: 'blob_conflict',
    });
  });
});
