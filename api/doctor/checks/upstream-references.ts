import { loadedUpstreams } from '../../../db/read/upstreams.ts';
import { probesOf } from '../../../domain/upstream/probes.ts';
import { ill, well } from '../../../domain/doctor/finding.ts';
import { answerOfWorker } from '../../ask-upstream.ts';
import type { DoctorCheck } from '../check.ts';

const WITHIN_MS = 15_000;

/** Has the worker look now whether every `auth_ref` leads to a value; nothing is sent to an upstream. */
export const check: DoctorCheck = {
  name: 'upstream_references',
  component: false,
  run: async (deps, call) => {
    const upstreams = (await loadedUpstreams(deps.db))?.upstreams ?? [];
    if (!upstreams.some((each) => probesOf(each).includes('reference'))) return well('none is loaded');
    const asked = { kind: 'check', name: null, input: { probes: ['reference'] } } as const;
    const { results } = (await answerOfWorker(deps, call, asked, WITHIN_MS)) as {
      results: { name: string; ok: boolean; code: string | null }[];
    };
    return results.map(({ name, ok, code }) =>
      ok ? well(undefined, name) : ill(code ?? 'reference_missing', 'the reference leads to no credential', name),
    );
  },
};
