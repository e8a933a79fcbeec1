import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freshKey, incidentNow, register, resolveIncident, secretFile } from '../../support/adapters.ts';
import { loseAdapter } from '../../../db/command/part-with-adapter.ts';
import { eventually } from '../../support/eventually.ts';
import { freePorts } from '../../support/free-ports.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { OPERATOR, reportIncident } from '../../support/record.ts';
import { removeTree } from '../../support/remove-tree.ts';

const SUBJECT = 'agent:sleeper';
let processes: TestProcesses;
let secret: ReturnType<typeof secretFile>;
let folder: string;
let agent: ChildProcess;
let adapter: ChildProcess;

beforeAll(async () => {
  processes = await startProcesses();
  secret = secretFile();
  folder = mkdtempSync(join(tmpdir(), 'interlock-reference-'));
  agent = spawn('sh', ['-c', 'sleep 300 & wait'], { detached: true, stdio: 'ignore' });
  await once(agent, 'spawn');
});
afterAll(async () => {
  adapter?.kill('SIGKILL');
  if (agent?.pid !== undefined) process.kill(-agent.pid, 'SIGKILL');
  await processes?.close();
  secret?.remove();
  if (folder !== undefined) removeTree(folder);
});

/** The kernel's letters for the processes of the group; `T` is stopped. */
function groupStates(): string {
  const letters: string[] = [];
  for (const pid of readFileSync(`/proc/${agent.pid!}/task/${agent.pid!}/children`, 'utf8')
    .trim()
    .split(' ')
    .concat(String(agent.pid)))
    letters.push(/\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '?');
  return letters.join('');
}

async function startReference(port: number): Promise<void> {
  adapter = spawn(process.execPath, [resolve('deploy/reference-adapter/adapter.mjs')], {
    env: {
      ADAPTER_SECRET_FILE: secret.ref.slice('file:'.length),
      ADAPTER_STATE_FILE: join(folder, 'state.json'),
      ADAPTER_PGID: String(agent.pid),
      ADAPTER_TARGET: SUBJECT,
      ADAPTER_PORT: String(port),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(adapter.stdout!, 'data');
}

async function killReference(): Promise<void> {
  adapter.kill('SIGKILL');
  await once(adapter, 'exit');
}

const frozen = () => /^T+$/.test(groupStates());
const running = () => !groupStates().includes('T');

it('the reference adapter freezes a process group while its subject is contained, over its own restart', async () => {
  const port = await freePorts(1);
  await startReference(port);
  await register(processes.db, { name: 'freezer', url: `http://127.0.0.1:${port}/`, ref: secret.ref });
  expect(running()).toBe(true);
  const incident = await reportIncident(processes.db, 'tool_call_burst', { evidence: { subject: SUBJECT } });
  await eventually(async () => (await incidentNow(processes.db, incident.id)).state === 'contained');
  // It has sent the signals by then; each process takes its own when it is its turn to run.
  await eventually(async () => frozen());

  await killReference();
  process.kill(-agent.pid!, 'SIGCONT');
  await eventually(async () => running());
  await startReference(port);
  await eventually(async () => frozen());

  rmSync(join(folder, 'state.json'));
  await killReference();
  process.kill(-agent.pid!, 'SIGCONT');
  await startReference(port);
  await eventually(async () => running());
  expect(await loseAdapter(processes.db, OPERATOR, { name: 'freezer', key: freshKey() })).toMatchObject({
    ok: true,
    incidents: 1,
  });
  await eventually(async () => (await incidentNow(processes.db, incident.id)).state === 'contained' && frozen());

  expect((await resolveIncident(processes.db, incident.id)).ok).toBe(true);
  await eventually(async () => running());
});
