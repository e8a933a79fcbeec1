import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import { recordHistory } from '../../../db/command/store-histories.ts';
import type { ClosedProcess } from '../../../db/read/unstored-histories.ts';
import { openApiDocument } from '../../../api/openapi/document.ts';
import { contentKey } from '../../../storage/blob-store.ts';
import { FilesystemBlobs } from '../../../storage/filesystem-blobs.ts';
import { append, entryOf } from '../../support/log.ts';
import { startForensic } from '../../support/forensic.ts';
import type { ForensicUnderTest } from '../../support/forensic.ts';
import { run } from '../../unit/cli/run.ts';
import { removeTree } from '../../support/remove-tree.ts';

type Json = Record<string, unknown>;

let f: ForensicUnderTest;
let folder: string;
let id: string;
let key: string;
let blobs: FilesystemBlobs;
const SECRET = ['whsec', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'].join('_');
const PLAIN = Buffer.from('{\n "events": [ { "eventId": "1" } ]\n}');
const GOOD = Buffer.from('{"events":[]}');
const LEAKY = Buffer.from(JSON.stringify({ events: [{ eventId: '1', note: `used ${SECRET}` }] }));

beforeAll(async () => {
  f = await startForensic();
  folder = mkdtempSync(join(tmpdir(), 'interlock-evidence-'));
  blobs = new FilesystemBlobs(join(f.stateRoot, 'blobs'));
  const report = {
    class: 'manifest_mismatch',
    source: 's',
    description: `the token was ${SECRET}, password=hunter222`,
  };
  id = String(((await (await f.post('/api/v1/incidents/report', report)).json()) as Json)['id']);
  const process: ClosedProcess = {
    workspace_id: 'default',
    workflow_id: `recovery/${id}`,
    type: 'recoveryCeremony',
    subject: id,
    over_at: new Date().toISOString(),
    started: true,
    closed_for_ms: 0,
  };
  for (const [run_id, bytes] of Object.entries({ 'run-plain': PLAIN, 'run-leaky': LEAKY })) {
    const blob = contentKey(bytes);
    await blobs.put(blob, bytes);
    const digest = blob.slice(blob.lastIndexOf('/') + 1);
    await recordHistory(f.db, process, { run_id, status: 'completed', digest, bytes: bytes.length, events: 1 });
  }
  // A blob that the disk has spoilt: its row says what it was.
  const spoilt = join(f.stateRoot, 'blobs', contentKey(GOOD));
  await blobs.put(contentKey(GOOD), GOOD);
  chmodSync(spoilt, 0o600);
  writeFileSync(
    spoilt,
    GOOD.map((byte) => byte ^ 1),
  );
  const digest = createHash('sha256').update(GOOD).digest('hex');
  await recordHistory(f.db, process, {
    run_id: 'run-spoilt',
    status: 'completed',
    digest,
    bytes: GOOD.length,
    events: 1,
  });
  await recordHistory(f.db, process, { run_id: 'run-lost', lost: 'not_found' });
  await append(
    f.db,
    entryOf(1, { object: 'adapter/ADP-1', action: 'adapter_acknowledged', detail: { name: 'fw', incidents: [id] } }),
    entryOf(2, { object: `incident/${id}`, action: 'tested', detail: { said: SECRET } }),
  );
  await f.published();
  key = (await (await f.get('/ledger/key')).text()).trim();
});
afterAll(async () => {
  await f?.close();
  removeTree(folder);
});

const collect = (...argv: string[]) => run(['evidence', 'collect', id, ...argv, '--base-url', f.url]);
const verify = (path: string, ...argv: string[]) => run(['evidence', 'verify', path, ...argv]);
const unpack = (archive: string, into: string) => {
  mkdirSync(into);
  execFileSync('tar', ['-xf', archive, '-C', into]);
  return into;
};
const file = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Json;

describe('the evidence of an incident', () => {
  it('S1-98 is collected in the documented order, and what is absent is listed with the reason', async () => {
    const out = join(folder, 'one.tar');
    const ran = await collect('--out', out);
    expect([ran.code, ran.err]).toEqual([0, '']);
    const listed = execFileSync('tar', ['-tf', out], { encoding: 'utf8' }).trim().split('\n');
    expect(listed).toEqual([
      'MANIFEST.json',
      'MANIFEST.proof.json',
      'status.json',
      'doctor.json',
      'histories.json',
      'histories/recovery-run-leaky.json',
      'histories/recovery-run-plain.json',
      'adapters.json',
      'acknowledgements.json',
      'deliveries.json',
      'notifications.json',
      'incident.json',
      'ledger/proofs.json',
      'timeline.json',
      'timeline.md',
    ]);
    const into = unpack(out, join(folder, 'one'));
    const manifest = file(join(into, 'MANIFEST.json')) as Json & { files: Json[]; absent: Json[] };
    expect(manifest).toMatchObject({
      incident: id,
      collected_by: { actor: 'local-operator', workspace_id: 'default' },
      log_key: key,
    });
    expect(manifest.absent).toEqual([
      { what: 'histories/recovery-run-lost.json', why: 'Temporal had it no more' },
      {
        what: 'histories/recovery-run-spoilt.json',
        why: expect.stringMatching(/^not answered: /) as unknown,
      },
      { what: expect.stringMatching(/^proof of entry 1-\d+$/) as unknown, why: 'something in it looks like a secret' },
    ]);
    const times = manifest.files.map((each) => String(each['at']));
    expect(times).toEqual([...times].sort());
    for (const { path, sha256, bytes } of manifest.files) {
      const content = readFileSync(join(into, String(path)));
      expect([createHash('sha256').update(content).digest('hex'), content.length]).toEqual([sha256, bytes]);
    }
    expect(readFileSync(join(into, 'histories/recovery-run-plain.json')).equals(PLAIN)).toBe(true);
    expect(file(join(into, 'acknowledgements.json'))).toMatchObject([{ entry: { action: 'adapter_acknowledged' } }]);
  });

  it('has no secret in any file, and says how many were replaced', async () => {
    const out = join(folder, 'secretless');
    expect((await collect('--out', out)).code).toBe(0);
    const all = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const entry of all) {
      const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
      expect(text).not.toMatch(/whsec_|hunter222/);
    }
    const manifest = file(join(out, 'MANIFEST.json')) as { files: { path: string; redactions: number }[] };
    const replaced = Object.fromEntries(manifest.files.map(({ path, redactions }) => [path, redactions]));
    expect(replaced).toMatchObject({ 'incident.json': 2, 'histories/recovery-run-leaky.json': 1, 'status.json': 0 });
  });

  it('S1-116 is read by its owner only, as a folder and as an archive, and replaces nothing', async () => {
    const [dir, tar] = [join(folder, 'owned'), join(folder, 'owned.tar')];
    for (const out of [dir, tar]) expect((await collect('--out', out)).code).toBe(0);
    const mode = (path: string) => statSync(path).mode & 0o777;
    expect(mode(tar)).toBe(0o600);
    for (const entry of [dir, ...readdirSync(dir, { recursive: true }).map((name) => join(dir, String(name)))])
      expect([entry, mode(entry)]).toEqual([entry, statSync(entry).isDirectory() ? 0o700 : 0o600]);
    for (const out of [dir, tar]) {
      const again = await collect('--out', out);
      expect([again.code, again.err]).toEqual([2, expect.stringContaining('is there already')]);
    }
  });

  it('is on record: who took it and which, in the log and in the list', async () => {
    const out = join(folder, 'recorded.tar');
    const ran = await run(['evidence', 'collect', id, '--out', out, '--json', '--base-url', f.url]);
    const said = JSON.parse(ran.out) as Json;
    const [entry] = await rows<{ actor: string; detail: string }>(
      f.db,
      `SELECT actor, detail FROM ledger_entries WHERE action = 'evidence_collected' ORDER BY entry_id DESC LIMIT 1`,
    );
    const { manifest_digest, evidence_id, files, bytes, absent } = said;
    expect([entry?.actor, JSON.parse(entry?.detail ?? '{}')]).toEqual([
      'local-operator',
      { manifest_digest, evidence_id, files, bytes, absent },
    ]);
    const listed = await run(['evidence', 'list', id, '--json', '--base-url', f.url]);
    expect((JSON.parse(listed.out) as Json[])[0]).toMatchObject({ manifest_digest, collected_by: 'local-operator' });
    const verified = await verify(out, '--key', key);
    expect([verified.code, verified.err]).toEqual([0, '']);
    expect(verified.out).toContain('collected_by: local-operator');
    expect(verified.out).toContain('proven_histories: 2');
  });

  it('of no such incident is a refusal that writes nothing', async () => {
    const out = join(folder, 'none.tar');
    const ran = await run(['evidence', 'collect', 'INC-20260101-000000-0001', '--out', out, '--base-url', f.url]);
    expect([ran.code, existsSync(out)]).toEqual([1, false]);
  });

  it('is served as the document says', async () => {
    expect((await openApiDocument('0'))['paths']).toHaveProperty(['/v1/incidents/{id}/histories', 'get']);
    const list = (await (await f.get(`/v1/incidents/${id}/histories?limit=2`)).json()) as Json[];
    expect(list.map((run_) => run_['run_id'])).toEqual(['run-leaky', 'run-lost']);
    const of = (run_id: string) =>
      `/v1/incidents/${id}/history?${new URLSearchParams({ workflow_id: `recovery/${id}`, run_id }).toString()}`;
    const answer = await f.get(of('run-plain'));
    expect(answer.headers.get('content-length')).toBe(String(PLAIN.length));
    expect(Buffer.from(await answer.arrayBuffer()).equals(PLAIN)).toBe(true);
    expect((await f.get(of('run-lost'))).status).toBe(404);
    expect((await f.get(of('run-plain'), { headers: { 'X-Interlock-Workspace': 'lab' } })).status).toBe(404);
    expect((await f.get(of('run-plain'), { method: 'HEAD' })).headers.get('content-length')).toBe(String(PLAIN.length));
    for (const wrong of [{ manifest_digest: 'x', files: 1, bytes: 1, absent: 0 }, { files: -1 }])
      expect((await f.post(`/v1/incidents/${id}/evidence`, wrong)).status).toBe(400);
  });
});

describe('collected evidence that was altered', () => {
  /** xorshift32: the same places in every run. */
  const places = (count: number, below: number): number[] => {
    let x = 0x2545f491;
    return Array.from({ length: count }, () => {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      return (x >>> 0) % below;
    });
  };
  interface Verdict {
    verified: boolean;
    findings: { code: string; where: string; detail: string }[];
  }
  const verdictOf = async (path: string): Promise<Verdict & { code: number }> => {
    const ran = await run(['evidence', 'verify', path, '--key', key, '--json']);
    return { code: ran.code, ...(JSON.parse(ran.out) as Verdict) };
  };

  it('in any one bit of the archive is found, and placed in the file that it is in', async () => {
    const out = join(folder, 'whole.tar');
    await collect('--out', out);
    const bytes = readFileSync(out);
    const ends = execFileSync('tar', ['-tRf', out], { encoding: 'utf8' }).trim().split('\n');
    // `block N: name` of each header, then of the end.
    const starts = ends.map((line) => {
      const [, block = '', name = ''] = /^block (\d+): (.*)$/.exec(line) ?? [];
      return { at: Number(block) * 512, name };
    });
    const altered = join(folder, 'altered.tar');
    for (const bit of places(300, bytes.length * 8)) {
      const at = bit >> 3;
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(altered, copy);
      const { code, findings } = await verdictOf(altered);
      const inside = starts.findLast((start) => start.at <= at)?.name ?? '';
      const placed = inside.startsWith('**') ? 'altered.tar' : inside;
      expect([bit, code, findings.length > 0]).toEqual([bit, 1, true]);
      expect([bit, findings.some(({ where }) => where.includes(placed) || where.endsWith('altered.tar'))]).toEqual([
        bit,
        true,
      ]);
    }
  });

  it('in any one bit of a file of the folder is found in that file and in no other', async () => {
    const into = join(folder, 'whole');
    await collect('--out', into);
    const names = readdirSync(into, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(into.length + 1));
    for (const [n, place] of places(260, 2 ** 31).entries()) {
      const name = names[n % names.length] ?? '';
      const whole = readFileSync(join(into, name));
      const copy = Buffer.from(whole);
      const bit = place % (copy.length * 8);
      copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(join(into, name), copy);
      const { code, findings } = await verdictOf(into);
      writeFileSync(join(into, name), whole);
      expect([name, bit, code]).toEqual([name, bit, 1]);
      // What is not the manifest that the ledger names may list other files.
      const wheres = findings.map(({ where }) => where.split(',')[0]);
      if (name === 'MANIFEST.json') expect(wheres).toContain(name);
      else expect([...new Set(wheres)]).toEqual([name]);
    }
    expect((await verdictOf(into)).code).toBe(0);
  });

  it('by a file more, a file less, or another key', async () => {
    const into = join(folder, 'more');
    await collect('--out', into);
    writeFileSync(join(into, 'note.txt'), 'x');
    expect((await verdictOf(into)).findings).toMatchObject([{ code: 'file_unlisted', where: 'note.txt' }]);
    rmSync(join(into, 'note.txt'));
    rmSync(join(into, 'timeline.md'));
    expect((await verdictOf(into)).findings).toMatchObject([{ code: 'file_missing', where: 'timeline.md' }]);
    rmSync(join(into, 'MANIFEST.proof.json'));
    expect((await verdictOf(into)).findings.map(({ code }) => code)).toContain('manifest_unproven');
    const other = `other/1+00000000+${'A'.repeat(44)}`;
    expect((await verify(into, '--key', other)).code).not.toBe(0);
  });
});
