import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natives } from '../../../cli/forensic/natives.ts';
import { verifyBundle } from '../../../domain/forensic/verify.ts';
import { eventually } from '../../support/eventually.ts';
import { EXPORT, startForensic } from '../../support/forensic.ts';
import type { ForensicUnderTest } from '../../support/forensic.ts';
import { freePorts } from '../../support/free-ports.ts';

const ENTRIES = 20_000;
const MB = 1024 * 1024;

let f: ForensicUnderTest;
let server: ChildProcess;
let url = '';
beforeAll(async () => {
  f = await startForensic();
  // Leaves as they are written, long, in the order of their members; every tenth of another workspace.
  await f.db.query(
    `INSERT INTO ledger_entries (workspace_id, at, actor, action, object, detail, leaf, leaf_hash)
      SELECT w, timestamptz '2026-01-01', 'seed', 'seeded', 'test/' || i, '{}', leaf, sha256('\\x00' || convert_to(leaf, 'UTF8'))
      FROM (SELECT i, CASE WHEN i % 10 = 0 THEN 'other' ELSE 'default' END AS w FROM generate_series(1, $1::int4) AS g(i)) AS n,
        LATERAL (SELECT '{"action":"seeded","actor":"seed","at":"2026-01-01T00:00:00.000Z","detail":{"n":' || i || ',"text":"' || repeat(md5(i::text), 240)
          || '"},"object":"test/' || i || '","on_behalf_of":null,"policy_digest":null,"record_hash":null,"record_version":null,"workspace_id":"' || w || '"}' AS leaf) AS l`,
    [ENTRIES],
  );
  await f.published();
  const port = await freePorts(3);
  const env = {
    PATH: process.env['PATH'],
    INTERLOCK_ENV: 'embedded',
    INTERLOCK_LOOPBACK_TRUST: '1',
    INTERLOCK_DATABASE_URL: f.databaseUrl,
    INTERLOCK_TEMPORAL_ADDRESS: '127.0.0.1:1',
    INTERLOCK_STATE_ROOT: f.stateRoot,
    INTERLOCK_PORT: String(port),
    INTERLOCK_ATTESTATION_PORT: String(port + 1),
    INTERLOCK_INTEGRITY_PORT: String(port + 2),
  };
  server = fork('api/server.ts', { env, stdio: 'ignore' });
  url = `http://127.0.0.1:${port}`;
  await eventually(async () => (await fetch(`${url}/health`).catch(() => undefined))?.ok);
});
afterAll(async () => {
  if (server?.exitCode === null) {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
  await f?.close();
});

/** Of the exporting process, in bytes: what it holds, or has held at most. */
const memory = (field: 'VmRSS' | 'VmHWM'): number =>
  Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) * 1024;

describe('ForensicBundle of a large record', () => {
  it('S4-38 is made and sent in a memory that it does not fit into', async () => {
    await (await fetch(url + EXPORT, { headers: { 'X-Interlock-Workspace': 'empty' } })).text();
    const before = memory('VmRSS');
    const response = await fetch(url + EXPORT);
    expect(response.status).toBe(200);
    const seen = { bytes: 0 };
    async function* received() {
      for await (const chunk of response.body! as AsyncIterable<Uint8Array>) {
        seen.bytes += chunk.length;
        yield chunk;
      }
    }
    const verdict = await verifyBundle(received(), { forensicKeys: [f.key], ledgerKeys: [] }, natives);
    const grown = memory('VmHWM') - before;
    expect(verdict).toMatchObject({ problems: [], signature: 'good' });
    expect(verdict.proven_entries).toBeGreaterThanOrEqual(ENTRIES * 0.9);
    expect(seen.bytes).toBe(Number(response.headers.get('content-length')));
    expect(seen.bytes).toBeGreaterThan(300 * MB);
    // What is held does not depend on the size: a third of it is what the collector leaves lying about.
    expect(grown).toBeLessThan(220 * MB);
  });
});
