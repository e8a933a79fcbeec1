import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GetObjectCommand,
  GetObjectRetentionCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { removeTree } from '../support/remove-tree.ts';
import { startS3 } from '../support/s3-server.ts';
import type { S3Server } from '../support/s3-server.ts';
import { testStack } from '../support/stack.ts';
import type { TestStack } from '../support/stack.ts';
import { typedAt } from '../support/typed.ts';

const GENEROUS_MS = 180_000;
const MIB = 1024 * 1024;
let s3: S3Server;
let t: TestStack;
const folder = mkdtempSync(join(tmpdir(), 'interlock-exports-s3-'));

beforeAll(async () => {
  s3 = await startS3();
  const { endpoint, bucket, credentials } = s3.place;
  writeFileSync(join(folder, 'keys'), `${credentials.accessKeyId}:${credentials.secretAccessKey}`, { mode: 0o600 });
  const file = join(folder, 'upstreams.yaml');
  writeFileSync(
    file,
    `version: 1
upstreams:
  - name: customers
    kind: s3
    url: ${endpoint}/${bucket}/archives
    internal: true
    auth_ref: file:${join(folder, 'keys')}
`,
  );
  t = await testStack({ env: { INTERLOCK_WATCH_INTERVAL: '3600', INTERLOCK_UPSTREAMS_FILE: file } });
}, GENEROUS_MS);
afterAll(async () => {
  await t?.close();
  await s3?.stop();
  removeTree(folder);
});

interface Shown {
  export_id: string;
  state: string;
  reason_code: string | null;
  held: boolean;
  key: string;
  archive: { sha256: string; bytes: number } | null;
  retain_until: string | null;
}

const interlock = async (...argv: string[]): Promise<string> => (await typedAt(t.stack.urls.api, argv)).out;
const show = async (id: string) => JSON.parse(await interlock('export', 'show', id, '--json')) as Shown;
const until = (id: string, holds: (now: Shown) => boolean) =>
  eventually(async () => {
    const now = await show(id);
    return holds(now) && now;
  }, GENEROUS_MS);

/** A bundle of 20 MiB: an archive of three parts. */
async function publish(name: string): Promise<void> {
  const source = join(folder, name);
  mkdirSync(source);
  writeFileSync(join(source, 'LICENSE'), 'do as you like\n');
  writeFileSync(join(source, 'weights.bin'), randomBytes(20 * MIB));
  await interlock(
    ...['registry', 'publish', name, '1.0.0', source, '--license', 'MIT', '--license-file', 'LICENSE'],
    ...['--transition', `sha256:${'1'.repeat(64)}`, '--policy-profile', 'lab-default'],
    ...['--policy-hash', `sha256:${'2'.repeat(64)}`],
  );
}

async function approved(name: string): Promise<string> {
  const given = ['--to', 's3:customers', '--reason', 'a customer waits', '--retain-days', '1', '--wait', '--json'];
  const asked = JSON.parse(await interlock('export', 'request', name, '1.0.0', ...given)) as Shown;
  await until(asked.export_id, ({ state }) => state === 'pending_approval');
  await interlock('export', 'approve', asked.export_id, '--confirm', asked.export_id);
  return asked.export_id;
}

const versions = async () => {
  const found = await s3.client.send(new ListObjectVersionsCommand({ Bucket: s3.place.bucket, Prefix: 'archives/' }));
  return (found.Versions ?? []).map(({ Key }) => Key ?? '');
};
const uploads = async () =>
  (await s3.client.send(new ListMultipartUploadsCommand({ Bucket: s3.place.bucket }))).Uploads ?? [];

it(
  'S0-01 an export is delivered into a bucket, locked there, and verifies when it is fetched',
  async () => {
    await publish('whole');
    const id = await approved('whole');
    const done = await until(id, ({ state }) => state === 'exported');
    const at = { Bucket: s3.place.bucket, Key: `archives/${done.key}` };
    expect(await versions()).toEqual([at.Key]);
    const { Retention } = await s3.client.send(new GetObjectRetentionCommand(at));
    expect(Retention?.Mode).toBe('COMPLIANCE');
    expect(Retention?.RetainUntilDate?.getTime()).toBeGreaterThan(Date.now() + 12 * 3_600_000);
    const body = await (await s3.client.send(new GetObjectCommand(at))).Body?.transformToByteArray();
    const [archive, keys] = [join(folder, 'fetched.tar'), join(folder, 'known-keys.json')];
    writeFileSync(archive, body ?? '');
    writeFileSync(keys, await interlock('provenance', 'keys', '--json'));
    expect(await interlock('export', 'verify', archive, '--key-file', keys)).toContain('verified: yes');
  },
  GENEROUS_MS,
);

it(
  'S0-13 waits while the bucket cannot be reached, and goes on after it and after kill -9 of the worker, into one object',
  async () => {
    await publish('interrupted');
    const before = (await versions()).length;
    await s3.kill();
    const id = await approved('interrupted');
    const held = await until(id, ({ held: waits }) => waits);
    expect(held).toMatchObject({ state: 'blocked', reason_code: 'blob_store_unreachable' });
    await t.stack.kill('control', 'SIGKILL');
    await s3.start();
    await t.stack.ready('control');
    const done = await until(id, ({ state }) => state === 'exported');
    expect((await versions()).slice(before)).toHaveLength(1);
    expect(await versions()).toContain(`archives/${done.key}`);
    expect(await uploads()).toEqual([]);
  },
  GENEROUS_MS,
);
