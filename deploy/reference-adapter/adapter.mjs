#!/usr/bin/env node
// An enforcement point for the gate `agent`: closed freezes a process group (SIGSTOP), open thaws it (SIGCONT).
import { createServer } from 'node:http';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { openSync, fsyncSync, closeSync } from 'node:fs';
import { verifySignature } from './signature.mjs';

const {
  ADAPTER_SECRET_FILE,
  ADAPTER_STATE_FILE,
  ADAPTER_PGID,
  ADAPTER_TARGET = '*',
  ADAPTER_PORT = '0',
  ADAPTER_BIND = '127.0.0.1',
} = process.env;
if (!ADAPTER_SECRET_FILE || !ADAPTER_STATE_FILE || !/^[1-9]\d*$/.test(ADAPTER_PGID ?? '')) {
  console.error('set ADAPTER_SECRET_FILE, ADAPTER_STATE_FILE and ADAPTER_PGID');
  process.exit(2);
}
const pgid = Number(ADAPTER_PGID);
const LONGEST_BODY = 64 * 1024;

/** What was taken, by `gate/target`: `{ state, generation }`. A file that is not there yet: nothing was taken. */
const taken = readState();

function readState() {
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(ADAPTER_STATE_FILE, 'utf8'))));
  } catch (error) {
    if (error.code === 'ENOENT') return new Map();
    throw error;
  }
}

/** On disk before it is acknowledged: what was acknowledged is remembered over any crash. */
function persist() {
  const next = `${ADAPTER_STATE_FILE}.next`;
  writeFileSync(next, JSON.stringify(Object.fromEntries(taken)), { mode: 0o600 });
  const file = openSync(next, 'r');
  fsyncSync(file);
  closeSync(file);
  renameSync(next, ADAPTER_STATE_FILE);
}

/** Frozen while anything that covers our subject is closed: the subject itself, or everything behind the gate. */
function enforce() {
  const frozen = ['*', ADAPTER_TARGET].some((target) => taken.get(`agent/${target}`)?.state === 'closed');
  try {
    process.kill(-pgid, frozen ? 'SIGSTOP' : 'SIGCONT');
  } catch (error) {
    // A group that is gone does nothing any more.
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Takes a state unless a newer one was taken, and says up to which generation it holds. */
function take({ gate, target, state, generation }) {
  const key = `${gate}/${target}`;
  const last = taken.get(key)?.generation ?? -1;
  if (generation > last) {
    taken.set(key, { state, generation });
    persist();
  }
  enforce();
  return Math.max(last, generation);
}

const isState = (message) =>
  typeof message.gate === 'string' &&
  typeof message.target === 'string' &&
  (message.state === 'closed' || message.state === 'open') &&
  Number.isSafeInteger(message.generation);

async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > LONGEST_BODY) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function answer(request) {
  if (request.method !== 'POST') return [405, { error: 'POST only' }];
  const body = await readBody(request);
  if (body === null) return [413, { error: 'too long' }];
  // Read each time: a rotated secret is in force at once.
  const secrets = readFileSync(ADAPTER_SECRET_FILE, 'utf8')
    .split('\n')
    .map((s) => s.trim())
    .filter((s) => s !== '');
  if (!verifySignature(request.headers, body, secrets, Date.now())) return [401, { error: 'not signed by us' }];
  const message = JSON.parse(body);
  if (message.test === true) return [200, { test: true }];
  if (!isState(message)) return [400, { error: 'not a state' }];
  return [200, { generation: take(message) }];
}

const server = createServer((request, response) => {
  answer(request)
    .catch((error) => {
      console.error(JSON.stringify({ event: 'request.failed', reason: error.message }));
      return [500, { error: 'failed' }];
    })
    .then(([status, body]) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
});
if (taken.size > 0) enforce();
server.listen(Number(ADAPTER_PORT), ADAPTER_BIND, () => {
  console.log(JSON.stringify({ event: 'adapter.ready', port: server.address().port, pgid }));
});
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(0));
