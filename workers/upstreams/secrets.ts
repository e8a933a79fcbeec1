import { randomUUID } from 'node:crypto';
import { SecretError } from '../../activities/upstreams/secret-error.ts';
import type { PendingLogin, StoredTokens, TokenStore, UpstreamDeps } from '../../activities/upstreams/deps.ts';
import { readKeys } from '../../config/secret-value.ts';
import { INSTANCE } from '../../db/command/caller.ts';
import { forgetVersions } from '../../db/command/forget-versions.ts';
import { moveSecret } from '../../db/command/move-secret.ts';
import { readControlSecret } from '../../db/command/read-control-secret.ts';
import type { ControlRead } from '../../db/command/read-control-secret.ts';
import { setSecret } from '../../db/command/set-secret.ts';
import type { SecretsDeps } from '../../db/command/set-secret.ts';
import { controlSlotVersions } from '../../db/read/control-slot-version.ts';
import { SecretsError } from '../../db/secrets-error.ts';

const ACTOR = 'upstreams';

/** Where operators keep the slots that a file of the whole instance refers to. */
export const SLOTS_OF = 'default';

/** What `auth_ref` of an upstream names; slots are those of the workspace `default`. Errors: SecretError. */
export const upstreamSecret =
  (deps: SecretsDeps): UpstreamDeps['readSecret'] =>
  async (ref) => {
    const { keys } = await readKeys([ref], async ({ slot, which }) =>
      read(deps, { workspace_id: SLOTS_OF, slot, which, purpose: 'upstreams' }),
    );
    const [key] = keys;
    if (key === undefined) throw new SecretError('missing, too short, or no such version');
    return key;
  };

/** OAuth tokens and logins that wait, as `control` slots of the instance: `upstream.<name>.tokens` and `.login`. */
export function slotTokenStore(deps: SecretsDeps): TokenStore {
  const load = async <T>(name: string, what: string, which?: number): Promise<T | null> => {
    const value = await read(deps, {
      workspace_id: INSTANCE,
      slot: slotOf(name, what),
      purpose: `upstream/${name}`,
      ...(which === undefined ? {} : { which }),
    });
    if (value === null) return null;
    try {
      return JSON.parse(value.toString('utf8')) as T | null;
    } finally {
      value.fill(0);
    }
  };
  /** What is over is overwritten with `null`: a slot keeps its name. */
  const keep = async (name: string, what: string, content: unknown, staged = false): Promise<void> => {
    const value = Buffer.from(JSON.stringify(content));
    const slot = slotOf(name, what);
    const by = { workspace_id: INSTANCE, actor: ACTOR, on_behalf_of: null };
    try {
      const set = await setSecret(deps, by, {
        slot,
        value,
        kind: 'oauth',
        class: 'control',
        staged,
        decision_id: randomUUID(),
      });
      if (!set.ok) throw new Error(`the slot ${slot} cannot be set: ${set.code}`);
    } finally {
      value.fill(0);
    }
  };
  return {
    tokens: (name) => load<StoredTokens>(name, 'tokens'),
    keepTokens: async (name, tokens) => {
      await keep(name, 'tokens', tokens);
      if (tokens !== null) return;
      const by = { workspace_id: INSTANCE, actor: ACTOR, on_behalf_of: null };
      await forgetVersions(deps.db, by, slotOf(name, 'tokens'));
    },
    stageTokens: (name, tokens) => keep(name, 'tokens', tokens, true),
    dropStaged: async (name) => {
      const [slot, by] = [slotOf(name, 'tokens'), { workspace_id: INSTANCE, actor: ACTOR, on_behalf_of: null }];
      const staged = (await controlSlotVersions(deps.db, INSTANCE, slot))?.staged ?? null;
      if (staged === null) return null;
      const tokens = await load<StoredTokens>(name, 'tokens', staged);
      await moveSecret(deps.db, by, slot, { kind: 'destroy', version: staged });
      return tokens;
    },
    login: (name) => load<PendingLogin>(name, 'login'),
    keepLogin: (name, login) => keep(name, 'login', login),
  };
}

/** The slot of an account's tokens, in the workspace of the instance. */
export const tokenSlot = (name: string): string => slotOf(name, 'tokens');

const slotOf = (name: string, what: string): string => `upstream.${name}.${what}`;

/** Null where there is no such slot, or none that opens: the reference then leads nowhere. */
async function read(deps: SecretsDeps, what: Omit<ControlRead, 'actor'>): Promise<Buffer | null> {
  try {
    return (await readControlSecret(deps, { ...what, actor: ACTOR })).value;
  } catch (error) {
    if (error instanceof SecretsError) return null;
    throw error;
  }
}
