import { CLASSES } from '../domain/containment/types.ts';
import type { Sent, Side } from './database-side.ts';

/** One request, made again and again; `prepare` is not part of its time. */
export interface Operation {
  name: string;
  prepare?: (side: Side, n: number) => Promise<void>;
  run: (side: Side, n: number) => Promise<Sent>;
}

const LIST = '/api/v1/incidents';
const get = (name: string, path: string): Operation => ({ name, run: (side) => side.send('GET', path) });
const list = (query: string): Operation => get(`list ${query}`, `${LIST}?${query}`);

/** The page behind the first one, whose cursor belongs to one database. */
function secondPage(name: string, path: string): Operation {
  const next = new Map<Side, string>();
  return {
    name: `${name}, second page`,
    prepare: async (side) => {
      if (!next.has(side)) next.set(side, /<(.*)>; rel="next"/.exec((await side.send('GET', path)).link)?.[1] ?? '');
    },
    run: (side) => side.send('GET', next.get(side) ?? ''),
  };
}

const check = (name: string, body: (side: Side, n: number) => object): Operation => ({
  name: `check ${name}`,
  run: (side, n) => side.send('POST', '/v1/gates/check', body(side, n)),
});

const pick = (from: readonly string[], n: number): string => from[n % from.length] ?? '';

let reported = 0;
const report = (side: Side, cls: string) =>
  side.send('POST', '/api/v1/incidents/report', {
    class: cls,
    source: `bench-${reported++}`,
    description: 'bench',
    evidence: { subject: 'agent:bench' },
  });

/** No report is an escalation because of those before it. */
const quieten = (side: Side) => side.db.query(`UPDATE escalation_windows SET events = '[]'`);

const last = new Map<Side, string>();
const reportAndResolve: Operation[] = [
  {
    name: 'report tool_call_burst',
    prepare: async (side) => {
      await quieten(side);
    },
    run: (side) => report(side, 'tool_call_burst'),
  },
  { name: 'report attestation_failure', run: (side) => report(side, 'attestation_failure') },
  {
    name: 'resolve',
    prepare: async (side) => {
      await quieten(side);
      last.set(side, (JSON.parse((await report(side, 'tool_call_burst')).body) as { id: string }).id);
    },
    run: (side) => side.send('POST', '/api/v1/incidents/resolve', { id: last.get(side) }),
  },
];

/** Every read that grows with the record or could, every gate check, reports and a resolve. */
export const OPERATIONS: Operation[] = [
  get('list', LIST),
  ...['', 'state=contained&', 'state=resolved&', 'class=tool_call_burst&'].flatMap((filter) => [
    list(`${filter}limit=50`),
    secondPage(`list ${filter}limit=50`, `${LIST}?${filter}limit=50`),
  ]),
  ...['open', 'acknowledged', 'containment_failed'].map((state) => list(`state=${state}&limit=50`)),
  ...['critical', 'high', 'medium', 'low'].map((severity) => list(`severity=${severity}&limit=50`)),
  ...CLASSES.map((cls) => list(`state=contained&class=${cls}&limit=50`)),
  ...['attestation_failure', 'integrity_violation'].map((cls) => list(`state=resolved&class=${cls}&limit=50`)),
  list('state=open&class=forbidden_airlock_request&limit=50'),
  list('state=open&class=tool_call_burst&limit=50'),
  list('state=contained&severity=medium&limit=50'),
  list('class=attestation_failure&severity=critical&limit=50'),
  { name: 'get', run: (side, n) => side.send('GET', `${LIST}/get?id=${pick(side.ids, n)}`) },
  ...['/api/v1/stats', '/health', '/v1/status', '/v1/gates', '/v1/models', '/v1/attestation'].map((path) =>
    get(path, path),
  ),
  get('recovery/status?limit=50', '/api/v1/recovery/status?limit=50'),
  secondPage('recovery/status?limit=50', '/api/v1/recovery/status?limit=50'),
  check('closed', (side, n) => ({ gate: 'agent', target: pick(side.subjects, n) })),
  check('open', (_side, n) => ({ gate: 'agent', target: `agent:unheard-of-${n}` })),
  check('*', () => ({ gate: 'agent', target: '*' })),
  check('without a target', () => ({ gate: 'vault' })),
  ...reportAndResolve,
];
