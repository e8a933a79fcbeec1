import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, HeadBucketCommand, S3ServiceException } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { openS3 } from '../../storage/s3-client.ts';
import type { S3Place } from '../../storage/s3-client.ts';
import { freePorts } from './free-ports.ts';
import { removeTree } from './remove-tree.ts';

export interface S3Server {
  port: number;
  /** A bucket with versions and object lock. */
  place: S3Place & { credentials: NonNullable<S3Place['credentials']> };
  /** The SDK's own client, past our store. */
  client: S3Client;
  /** Where the object of a blob's key lies as a file. */
  pathOf: (key: string) => string;
  /** Changes one bit of a blob where it lies. */
  flip: (key: string, at?: number) => void;
  /** kill -9; its data stays. */
  kill: () => Promise<void>;
  /** Starts it again on its data after `kill`. */
  start: () => Promise<void>;
  stop: () => Promise<void>;
}

const BUCKET = 'interlock';

/** A real S3 server on a free port and a data folder of its own. */
export async function startS3(): Promise<S3Server> {
  const program = process.env['INTERLOCK_VERSITYGW'];
  if (program === undefined)
    throw new Error('INTERLOCK_VERSITYGW is not set: ./script/bootstrap --test builds the S3 server, and needs Go');
  const folder = mkdtempSync(join(tmpdir(), 'interlock-s3-'));
  const [root, versions] = [join(folder, 'root'), join(folder, 'versions')];
  for (const each of [root, versions]) mkdirSync(each);
  const port = await freePorts(1);
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: randomBytes(16).toString('hex') };
  const endpoint = `http://127.0.0.1:${port}`;
  const place = { endpoint, bucket: BUCKET, region: 'us-east-1', credentials, internal: true };
  const client = openS3(place);
  let child: ChildProcess | undefined;

  const kill = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  const stop = async () => {
    client.destroy();
    await kill();
    removeTree(folder);
  };
  const start = async () => {
    child = spawn(program, ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', '--versioning-dir', versions, root], {
      stdio: 'ignore',
      env: { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey },
    });
    await once(child, 'spawn');
    const deadline = Date.now() + 60_000;
    while (!(await isUp(client))) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error('the S3 server did not start');
      await sleep(50);
    }
  };
  const pathOf = (key: string) => join(root, BUCKET, 'blobs', key);
  const flip = (key: string, at = 0) => {
    const path = pathOf(key);
    const bytes = readFileSync(path);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const { mode } = statSync(path);
    chmodSync(path, 0o600);
    // In place: the server keeps what it knows of the object beside the inode.
    writeFileSync(path, bytes, { flag: 'r+' });
    chmodSync(path, mode);
  };
  try {
    await start();
    if (!existsSync(join(root, BUCKET)))
      await client.send(new CreateBucketCommand({ Bucket: BUCKET, ObjectLockEnabledForBucket: true }));
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, place, client, pathOf, flip, kill, start, stop };
}

/** Any answer of the server will do: there is no bucket at first. */
const isUp = (client: S3Client): Promise<boolean> =>
  client.send(new HeadBucketCommand({ Bucket: BUCKET })).then(
    () => true,
    (error: unknown) => error instanceof S3ServiceException,
  );
