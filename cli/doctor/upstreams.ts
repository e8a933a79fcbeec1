import type { Flags, Input, Operands, Session } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { Column } from '../output/table.ts';

export const UPSTREAM_ABOUT =
  'Ask every upstream now, or the one named: whether it answers, and what was asked for besides';
export const UPSTREAM_NOTES =
  'Exit code 0 when every probe is well, 1 when one is not or there is nothing to probe. Each is asked by the worker, through the egress guard.';

export const UPSTREAM_OPERANDS = {
  name: { optional: true, about: 'the upstream; else all of them' },
} as const satisfies Operands;

export const UPSTREAM_FLAGS = {
  'check-auth': { kind: 'boolean', about: 'whether the credential is taken, and the same refused without it' },
  'check-references': { kind: 'boolean', about: 'whether every auth_ref leads to a credential' },
  canary: { kind: 'boolean', about: 'a small real call' },
} as const satisfies Flags;

interface Probed {
  name: string;
  probe: string;
  ok: boolean;
  code: string | null;
  latency_ms?: number;
}

const COLUMNS: readonly Column<Probed>[] = [
  { head: 'UPSTREAM', cell: ({ name }) => name },
  { head: 'PROBE', cell: ({ probe }) => probe },
  { head: 'OK', cell: ({ ok }) => ok },
  { head: 'CODE', cell: ({ code }) => code },
  { head: 'MS', cell: ({ latency_ms }) => latency_ms },
];

/** A probe that was asked for and that no upstream has was not made: that is no success. */
export async function doctorUpstreams(
  { operands: { name }, flags }: Input<typeof UPSTREAM_OPERANDS, typeof UPSTREAM_FLAGS>,
  { client, out }: Session,
): Promise<ExitCode> {
  const asked = [
    'readiness',
    ...(flags['check-references'] ? ['reference'] : []),
    ...(flags['check-auth'] ? ['auth'] : []),
    ...(flags.canary ? ['canary'] : []),
  ];
  const { body } = await client.post<{ results: Probed[] }>('/v1/upstreams/check', {
    probes: asked,
    ...(name === undefined ? {} : { name }),
  });
  const missing = asked.filter((probe) => !body.results.some((found) => found.probe === probe));
  out.answer({ ...body, missing }, () => {
    out.table(body.results, COLUMNS, 'no upstream is loaded');
    for (const probe of missing) out.line(`no upstream has the probe: ${probe}`);
  });
  return missing.length === 0 && body.results.every(({ ok }) => ok) ? EXIT.done : EXIT.no;
}
