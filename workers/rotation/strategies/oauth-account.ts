import { StepFailure } from '../../../activities/rotation/strategy.ts';
import type { RotationStrategy, StepContext } from '../../../activities/rotation/strategy.ts';
import type { StoredTokens } from '../../../activities/upstreams/deps.ts';
import { OauthError } from '../../../activities/upstreams/oauth-error.ts';
import { revokeTokens, stageByClient } from '../../../activities/upstreams/oauth.ts';
import { refusesRefresh, requireRevocation } from '../../../activities/upstreams/oauth-refusal.ts';
import { runProbe } from '../../../activities/upstreams/probe.ts';
import { withAccountLock } from '../../../db/command/account-lock.ts';
import { INSTANCE } from '../../../db/command/caller.ts';
import { recordAccount } from '../../../db/command/upstream-accounts.ts';
import { loadedUpstreams } from '../../../db/read/upstreams.ts';
import { authMode } from '../../../domain/upstream/definition.ts';
import type { Upstream } from '../../../domain/upstream/definition.ts';
import type { ProbeName } from '../../../domain/upstream/probes.ts';
import { slotTokenStore, tokenSlot, upstreamSecret } from '../../upstreams/secrets.ts';
import { moveSlot, pairIn, pairOf, remembered, stagedPair, undoSlot, valueOf, versionsOf } from '../slot.ts';
import type { SlotOf } from '../slot.ts';
import type { StrategyDeps } from '../strategies.ts';

/**
 * The login of an account. Tokens that are refreshed are of the grant that they came from: who has stolen it keeps it. So
 * the account is logged in to once more, and the old grant is revoked by who gave it (RFC 7009).
 */
function oauthAccount(deps: StrategyDeps): RotationStrategy {
  const oauth = { readSecret: upstreamSecret(deps), store: slotTokenStore(deps), now: Date.now };
  const slotOf = ({ subject, rotation_id, requested_by }: StepContext): SlotOf => ({
    workspace_id: INSTANCE,
    slot: tokenSlot(subject),
    rotation_id,
    requested_by,
  });

  /** Codes: upstream_not_found, no_account, canary_missing. */
  async function account({ subject }: StepContext): Promise<Upstream> {
    const upstream = (await loadedUpstreams(deps.db))?.upstreams.find(({ name }) => name === subject);
    if (upstream === undefined) throw new StepFailure('upstream_not_found');
    if (authMode(upstream) !== 'oauth') throw new StepFailure('no_account');
    if (upstream.kind === 'mcp' && upstream.canary === undefined) throw new StepFailure('canary_missing');
    return upstream;
  }

  const byClient = ({ oauth: grant }: Upstream) => grant?.grant === 'client_credentials';

  /** Codes: not_logged_in, slot_unreadable. */
  async function tokensOf(context: StepContext, version: number): Promise<StoredTokens> {
    const value = await valueOf(deps, slotOf(context), version);
    try {
      const tokens = JSON.parse(value.toString('utf8')) as StoredTokens | null;
      if (tokens === null) throw new StepFailure('not_logged_in');
      return tokens;
    } finally {
      value.fill(0);
    }
  }

  /** Codes: not_logged_in, and that of an OauthError. */
  async function ask<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof OauthError ? new StepFailure(error.code, { retry: true }) : error;
    }
  }

  async function probe(upstream: Upstream, name: ProbeName, { access_token }: StoredTokens): Promise<string> {
    const accessToken = () => Promise.resolve(access_token);
    const result = await runProbe(upstream, name, { readSecret: oauth.readSecret, accessToken });
    return result.ok ? 'ok' : result.code;
  }

  /** The login that waits. Codes: not_logged_in, no_staged_login. */
  async function waiting(context: StepContext, upstream: Upstream) {
    const versions = await versionsOf(deps, slotOf(context));
    await tokensOf(context, versions.current);
    if (versions.staged !== null || byClient(upstream)) return versions;
    const command = `interlock upstream auth login ${context.subject} --stage`;
    throw new StepFailure('no_staged_login', { evidence: { command } });
  }

  /** The code of why it could not be revoked, or null. */
  async function endStaged(context: StepContext, version: number): Promise<string | null> {
    try {
      await revokeTokens(await account(context), await tokensOf(context, version), oauth);
      return null;
    } catch (error) {
      if (error instanceof OauthError || error instanceof StepFailure) return error.code;
      throw error;
    }
  }

  return {
    row: 'oauth_account',
    inspect: async (context) => {
      const upstream = await account(context);
      const { current, staged } = await waiting(context, upstream);
      await ask(() => requireRevocation(upstream, oauth));
      return { evidence: { version: current, staged_version: staged } };
    },
    stage: async (context) => {
      const upstream = await account(context);
      const { staged } = await waiting(context, upstream);
      if (staged === null) await ask(() => stageByClient(upstream, oauth));
      return remembered(slotOf(context), await stagedPair(deps, slotOf(context)));
    },
    prove_new: async (context) => {
      const upstream = await account(context);
      const tokens = await tokensOf(context, pairOf(context.memory).to);
      const seen: Record<string, string> = {};
      const probes: ProbeName[] = ['auth', ...(upstream.canary === undefined ? [] : (['canary'] as const))];
      for (const name of probes) {
        const code = (seen[name] = await probe(upstream, name, tokens));
        if (code !== 'ok')
          throw new StepFailure(code === 'auth_failed' ? 'new_refused' : 'new_unproven', {
            retry: true,
            evidence: seen,
          });
      }
      return { evidence: { probes: seen } };
    },
    cut_over: async (context) => {
      const { from, to } = pairOf(context.memory);
      // Nobody refreshes the old tokens meanwhile, and puts them back in force by that.
      return withAccountLock(deps.db, context.subject, async () => {
        const { current, staged } = await versionsOf(deps, slotOf(context));
        // Refreshed since: it is these that are in force now, and that have to end.
        if (staged === to && current !== from) return { memory: { old_version: current }, more: true };
        if (staged === to) await moveSlot(deps, slotOf(context), { kind: 'cut_over', from, to });
        else if (current < to) throw new StepFailure('slot_changed');
        const { issuer, scope, expires_at, refresh_token } = await tokensOf(context, to);
        const change = { issuer, scope, expires_at, refreshable: refresh_token !== null, error: null };
        const by = { actor: 'token-rotation', on_behalf_of: context.requested_by, action: 'upstream_logged_in' };
        await recordAccount(deps.db, context.subject, by, { ...change, state: 'logged_in' });
        return { evidence: { version: to } };
      });
    },
    withdraw: async (context) => {
      const upstream = await account(context);
      const { from } = pairOf(context.memory);
      const old = await tokensOf(context, from);
      await ask(() => revokeTokens(upstream, old, oauth));
      await moveSlot(deps, slotOf(context), { kind: 'withdraw', version: from });
      return { evidence: { revoked_version: from } };
    },
    prove_old: async (context) => {
      const upstream = await account(context);
      const old = await tokensOf(context, pairOf(context.memory).from);
      // An upstream that refuses everybody has not refused the old token.
      const { current } = await versionsOf(deps, slotOf(context));
      const taken = await probe(upstream, 'auth', await tokensOf(context, current));
      if (taken !== 'ok') throw new StepFailure('new_refused', { retry: true, evidence: { new: taken } });
      const access = await probe(upstream, 'auth', old);
      if (access !== 'auth_failed')
        throw new StepFailure(access === 'ok' ? 'old_accepted' : 'old_unproven', { retry: true, evidence: { access } });
      if (old.refresh_token === null) return { evidence: { access } };
      if (!(await ask(() => refusesRefresh(upstream, old, oauth))))
        throw new StepFailure('old_accepted', { retry: true });
      return { evidence: { access, refresh: 'invalid_grant' } };
    },
    revoke: async (context) => {
      const { from } = pairOf(context.memory);
      await moveSlot(deps, slotOf(context), { kind: 'destroy', version: from });
      return { evidence: { destroyed_version: from } };
    },
    undo: async (step, context) => {
      const pair = pairIn(context.memory);
      if (pair === undefined) return;
      if (step === 'cut_over') return undoSlot(deps, slotOf(context), step, pair);
      // A login that nobody uses is not left open at the other side.
      const { staged } = await versionsOf(deps, slotOf(context));
      const code = staged === pair.to ? await endStaged(context, pair.to) : null;
      await undoSlot(deps, slotOf(context), step, pair);
      return { evidence: { destroyed_version: pair.to, not_revoked: code } };
    },
  };
}

export const createStrategies = (deps: StrategyDeps): RotationStrategy[] => [oauthAccount(deps)];
