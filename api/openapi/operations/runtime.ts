import type { Operation } from '../operation.ts';
import { debugRequest, debugSet, modeRequest, modeSet, runtime } from '../schemas/runtime.ts';

const tag = 'runtime';

export const operations: Operation[] = [
  {
    method: 'GET',
    path: '/v1/runtime',
    action: 'runtime.read',
    id: 'getRuntime',
    tag,
    about: 'What happens to approvals that would wait, and whether bodies are captured.',
    responses: { 200: { about: 'the posture', schema: runtime } },
    problems: [],
  },
  {
    method: 'POST',
    path: '/v1/runtime/permission-mode',
    action: 'runtime.tighten',
    id: 'setPermissionMode',
    tag,
    about:
      'Refuses what waits for an approval, now and from now on (`dont-ask`); back to `ask` takes a security_owner or incident_commander.',
    headers: ['Idempotency-Key'],
    body: modeRequest,
    responses: { 200: { about: 'set', schema: modeSet } },
    problems: ['idempotency_key_reused'],
  },
  {
    method: 'POST',
    path: '/v1/runtime/debug',
    action: 'runtime.tighten',
    id: 'setDebug',
    tag,
    about: 'Closes the capture window, or opens one: that takes a security_owner or incident_commander.',
    headers: ['Idempotency-Key'],
    body: debugRequest,
    responses: {
      200: { about: 'off', schema: debugSet },
      201: { about: 'a window is open, and closes itself', schema: debugSet },
    },
    problems: ['capture_open', 'master_key_missing', 'master_key_mismatch', 'idempotency_key_reused'],
  },
];
