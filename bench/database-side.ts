import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import type { Dispatcher } from 'undici';
import { openDatabase, rows } from '../db/client.ts';
import type { Database } from '../db/client.ts';
import { startStack } from '../script/supervisor/stack.ts';
import { freeStackPorts } from '../test/support/free-ports.ts';
import { NUMBER, seedIncidents } from './seeded-incidents.ts';
import { removeTree } from '../test/support/remove-tree.ts';

/** An API over a database of its own that holds a certain number of incidents. */
export interface Side {
  db: Database;
  http: Pool;
  /** Incidents of all kinds, in no order. */
  ids: string[];
  /** Subjects of which some hold stands. */
  subjects: string[];
  temporal: string;
  send: (method: Dispatcher.HttpMethod, path: string, body?: object) => Promise<Sent>;
  /** Resident memory of the API's process, MiB. */
  memory: () => number;
  close: () => Promise<void>;
}

export interface Sent {
  body: string;
  link: string;
}

const digest = `sha256:${NUMBER.repeat(8)}`;
const subject = `agent:${NUMBER}`;

/** What the database is filled with, and how many of ten incidents are such. */
const PATTERNS: [share: number, cls: string, evidence: object][] = [
  [4, 'tool_call_burst', { subject }],
  [2, 'prompt_injection', { subject, prompt: 'ignore what you were told' }],
  [1, 'forbidden_airlock_request', { destination: NUMBER }],
  [1, 'manifest_mismatch', { subject, model_digest: digest }],
  [1, 'unauthorized_access', { subject }],
  [1, 'attestation_failure', { subject, node: NUMBER }],
];

/** Starts and fills one; without `temporal` (host:port) it runs an engine too, that others may share. */
export async function startSide(total: number, open: number, temporal?: string): Promise<Side> {
  const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-bench-'));
  const env = {
    INTERLOCK_ENV: 'embedded',
    INTERLOCK_LOOPBACK_TRUST: '1',
    ...(temporal === undefined ? {} : { INTERLOCK_TEMPORAL_ADDRESS: temporal }),
  };
  const ports = await freeStackPorts();
  const stack = await startStack({ stateRoot, ports, only: ['postgres', 'temporal', 'api'], env });
  const db = openDatabase({ url: stack.urls.database, name: 'bench', max: 2 });
  const http = new Pool(stack.urls.api, { connections: 8 });
  const side: Side = {
    db,
    http,
    ids: [],
    subjects: [],
    temporal: stack.urls.temporal,
    send: async (method, path, body) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const request = { method, path, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
      const answer = await http.request(request);
      const text = await answer.body.text();
      if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
      return { body: text, link: String(answer.headers['link'] ?? '') };
    },
    memory: () => {
      const status = readFileSync(`/proc/${stack.pids['api'] ?? 0}/status`, 'utf8');
      return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1]) / 1024;
    },
    close: async () => {
      await http.close();
      await db.end();
      await stack.stop();
      removeTree(stateRoot);
    },
  };
  try {
    await fill(side, total, open);
    return side;
  } catch (error) {
    await side.close();
    throw error;
  }
}

async function fill(side: Side, total: number, open: number): Promise<void> {
  const patterns: string[] = [];
  for (const [share, cls, evidence] of PATTERNS) {
    const report = { class: cls, source: `seed-${NUMBER}`, description: `incident ${NUMBER}`, evidence };
    const { body } = await side.send('POST', '/api/v1/incidents/report', report);
    patterns.push(...Array.from({ length: share }, () => (JSON.parse(body) as { id: string }).id));
  }
  await seedIncidents(side.db, { patterns, total, open });
  const some = (text: string) => rows<{ it: string }>(side.db, text).then((found) => found.map(({ it }) => it));
  side.ids = await some(
    `SELECT id AS it FROM incidents WHERE workspace_id = 'default' ORDER BY hashtext(id) LIMIT 10000`,
  );
  side.subjects = await some(
    `SELECT DISTINCT target AS it FROM holds WHERE workspace_id = 'default' AND gate = 'agent' AND released_at IS NULL LIMIT 500`,
  );
}
