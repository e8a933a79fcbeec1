import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Client } from '../client.ts';
import { RefusedError, UnreachableError, UsageError } from '../errors.ts';

/** What is longer comes in parts of this length: each is answered well within the time of one request. */
export const PART = 8 * 1024 * 1024;
const ATTEMPTS = 5;

export interface PutAnswer {
  digest: string;
  bytes: number;
  put_at: string;
}

export interface Progress {
  done: number;
  of: number;
}

interface UploadAnswer {
  upload_id: string;
  received: number;
}

/** SHA-256 as hex and length of a file, read piece by piece. Errors: UsageError. */
export async function measure(path: string): Promise<{ sha256: string; size: number }> {
  const digest = createHash('sha256');
  const size = await withFile(path, async (file) => {
    let bytes = 0;
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      digest.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
    return bytes;
  });
  return { sha256: digest.digest('hex'), size };
}

/** Puts a file under its digest; in parts when it is long, going on where the connection was lost. Errors: CliError. */
export async function putFile(
  client: Client,
  path: string,
  { sha256, size }: { sha256: string; size: number },
  seen: (bytes: number) => void,
): Promise<PutAnswer> {
  return withFile(path, async (file) => {
    const digest = `sha256:${sha256}`;
    if (size <= PART) {
      const { body } = await client.sendBytes<PutAnswer>(
        'PUT',
        `/v1/registry/blobs/${digest}`,
        await piece(file, 0, size),
      );
      seen(size);
      return body;
    }
    const at = `/v1/registry/uploads/${await sendParts(client, file, { digest, bytes: size }, seen)}`;
    return (await client.post<PutAnswer>(`${at}/complete`, {})).body;
  });
}

/** Sends a file in parts, whatever its length, and nothing else; returns the id of the upload. Errors: CliError. */
export const uploadFile = (
  client: Client,
  path: string,
  { sha256, size }: { sha256: string; size: number },
  seen: (bytes: number) => void,
): Promise<string> =>
  withFile(path, (file) => sendParts(client, file, { digest: `sha256:${sha256}`, bytes: size }, seen));

async function sendParts(
  client: Client,
  file: FileHandle,
  whole: { digest: string; bytes: number },
  seen: (bytes: number) => void,
): Promise<string> {
  const { body: upload } = await client.post<UploadAnswer>('/v1/registry/uploads', whole);
  const at = `/v1/registry/uploads/${upload.upload_id}`;
  let received = 0;
  while (received < whole.bytes) {
    const last = Math.min(received + PART, whole.bytes) - 1;
    const part = await piece(file, received, last - received + 1);
    received = await sendPart(client, at, part, `bytes ${received}-${last}/${whole.bytes}`);
    seen(received);
  }
  return upload.upload_id;
}

/** Where the upload stands after a part; one whose answer was lost, or that the server has already, is not sent twice. */
async function sendPart(client: Client, at: string, part: Uint8Array, range: string): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await client.sendBytes<UploadAnswer>('PATCH', at, part, { 'Content-Range': range })).body.received;
    } catch (error) {
      const stands = error instanceof RefusedError && error.code === 'upload_offset_mismatch';
      if (!stands && !(error instanceof UnreachableError)) throw error;
      if (stands) return (await client.get<UploadAnswer>(at)).body.received;
      if (attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** attempt));
    }
  }
}

async function piece(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) throw new UsageError('the file became shorter while it was read');
    filled += bytesRead;
  }
  return buffer;
}

async function withFile<T>(path: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
  const unreadable = (error: unknown) =>
    new UsageError(`the file ${path} cannot be read (${String((error as { code?: unknown }).code)})`);
  const file = await open(path, 'r').catch((error: unknown) => {
    throw unreadable(error);
  });
  try {
    if (!(await file.stat()).isFile()) throw unreadable({ code: 'EISDIR' });
    return await work(file);
  } finally {
    await file.close();
  }
}
