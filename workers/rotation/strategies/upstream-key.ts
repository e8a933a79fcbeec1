import { StepFailure } from '../../../activities/rotation/strategy.ts';
import type { RotationStrategy, StepContext } from '../../../activities/rotation/strategy.ts';
import { SecretError } from '../../../activities/upstreams/secret-error.ts';
import { runProbe } from '../../../activities/upstreams/probe.ts';
import { readKeys } from '../../../config/secret-value.ts';
import { recordProbe } from '../../../db/command/upstream-probes.ts';
import { loadedUpstreams } from '../../../db/read/upstreams.ts';
import { parseSecretRef } from '../../../domain/secret/secret-ref.ts';
import { authMode } from '../../../domain/upstream/definition.ts';
import type { Upstream } from '../../../domain/upstream/definition.ts';
import type { ProbeName, ProbeResult } from '../../../domain/upstream/probes.ts';
import { SLOTS_OF } from '../../upstreams/secrets.ts';
import { moveSlot, pairIn, pairOf, remembered, slotIn, stagedPair, undoSlot, valueOf } from '../slot.ts';
import type { SlotOf } from '../slot.ts';
import type { StrategyDeps } from '../strategies.ts';

interface Users {
  slot: SlotOf;
  digest: string;
  /** The upstream that was asked for, and every other one that travels with the same slot. */
  upstreams: Upstream[];
}

const codeOf = (result: ProbeResult) => (result.ok ? 'ok' : result.code);

/**
 * The key that an upstream knows us by. Whoever operates it makes the new key there and stages it here; the upstream takes
 * it before it is put in force, and the old one is over only when the upstream refuses it.
 */
function upstreamKey(deps: StrategyDeps): RotationStrategy {
  const slotRefOf = ({ auth_ref }: Upstream) => (auth_ref === undefined ? null : parseSecretRef(auth_ref));

  /** Codes: upstream_not_found, not_a_slot, canary_missing. */
  async function users({ subject, rotation_id, requested_by }: StepContext): Promise<Users> {
    const loaded = await loadedUpstreams(deps.db);
    const upstream = loaded?.upstreams.find(({ name }) => name === subject);
    if (loaded === undefined || upstream === undefined) throw new StepFailure('upstream_not_found');
    const ref = slotRefOf(upstream);
    if (authMode(upstream) === 'oauth' || ref?.kind !== 'slot' || ref.which !== 'current')
      throw new StepFailure('not_a_slot');
    const upstreams = loaded.upstreams.filter((each) => {
      const other = slotRefOf(each);
      return authMode(each) !== 'oauth' && other?.kind === 'slot' && other.slot === ref.slot;
    });
    // That a session opens says little of a bearer that tools are called with.
    const untried = upstreams.find(({ kind, canary }) => kind === 'mcp' && canary === undefined);
    if (untried !== undefined) throw new StepFailure('canary_missing', { evidence: { upstream: untried.name } });
    return {
      slot: { workspace_id: SLOTS_OF, slot: ref.slot, rotation_id, requested_by },
      digest: loaded.digest,
      upstreams,
    };
  }

  /** What a probe comes to with one version of the slot. */
  async function ask(of: Users, upstream: Upstream, probe: ProbeName, version: number): Promise<ProbeResult> {
    const readSecret = async (ref: string): Promise<Buffer> => {
      const [key] = (await readKeys([ref], () => valueOf(deps, of.slot, version))).keys;
      if (key === undefined) throw new SecretError('too short');
      return key;
    };
    return runProbe(upstream, probe, { readSecret, accessToken: () => Promise.resolve(null) });
  }

  /** Every upstream takes this version and refuses to go without it. Codes: new_refused, new_unproven. */
  async function accepted(of: Users, version: number): Promise<Record<string, string>> {
    const seen: Record<string, string> = {};
    for (const upstream of of.upstreams) {
      const probes: ProbeName[] = [
        'readiness',
        'auth',
        ...(upstream.canary === undefined ? [] : (['canary'] as const)),
      ];
      for (const probe of probes) {
        const code = codeOf(await ask(of, upstream, probe, version));
        seen[`${upstream.name} ${probe}`] = code;
        if (code !== 'ok')
          throw new StepFailure(code === 'auth_failed' ? 'new_refused' : 'new_unproven', {
            retry: true,
            evidence: seen,
          });
      }
    }
    return seen;
  }

  return {
    row: 'upstream_key',
    inspect: async (context) => {
      const of = await users(context);
      return {
        evidence: {
          slot: of.slot.slot,
          upstreams: of.upstreams.map(({ name }) => name),
          ...(await stagedPair(deps, of.slot)),
        },
      };
    },
    stage: async (context) => {
      const { slot } = await users(context);
      return remembered(slot, await stagedPair(deps, slot));
    },
    prove_new: async (context) => {
      const of = await users(context);
      return { evidence: { probes: await accepted(of, pairOf(context.memory).to) } };
    },
    cut_over: async (context) => {
      const of = await users(context);
      const pair = pairOf(context.memory);
      await moveSlot(deps, of.slot, { kind: 'cut_over', ...pair });
      // What `doctor routes --check-auth` shows from now on is of the new key.
      for (const upstream of of.upstreams) {
        const about = { name: upstream.name, probe: 'auth', digest: of.digest, actor: 'token-rotation' } as const;
        const result = await ask(of, upstream, 'auth', pair.to);
        await recordProbe(deps.db, about, result);
        if (!result.ok)
          throw new StepFailure('new_refused', { retry: true, evidence: { [upstream.name]: result.code } });
      }
      return { evidence: { version: pair.to } };
    },
    prove_old: async (context) => {
      const of = await users(context);
      const { from, to } = pairOf(context.memory);
      const seen: Record<string, string> = {};
      for (const upstream of of.upstreams) {
        // An upstream that refuses everybody has not refused the old key.
        const taken = codeOf(await ask(of, upstream, 'auth', to));
        if (taken !== 'ok') throw new StepFailure('new_refused', { retry: true, evidence: { [upstream.name]: taken } });
        const code = codeOf(await ask(of, upstream, 'auth', from));
        seen[upstream.name] = code;
        if (code === 'auth_failed') continue;
        throw new StepFailure(code === 'ok' ? 'old_accepted' : 'old_unproven', { retry: true, evidence: seen });
      }
      return { evidence: { old: seen } };
    },
    revoke: async (context) => {
      const slot = slotIn(context, SLOTS_OF);
      await moveSlot(deps, slot, { kind: 'destroy', version: pairOf(context.memory).from });
      return { evidence: { destroyed_version: pairOf(context.memory).from } };
    },
    undo: async (step, context) => {
      const pair = pairIn(context.memory);
      if (pair !== undefined) await undoSlot(deps, slotIn(context, SLOTS_OF), step, pair);
    },
  };
}

export const createStrategies = (deps: StrategyDeps): RotationStrategy[] => [upstreamKey(deps)];
