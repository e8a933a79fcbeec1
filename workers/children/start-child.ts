import { isSound, mayRun } from '../../config/adapter-commands.ts';
import type { CommandRules } from '../../config/adapter-commands.ts';
import { endChild, heartbeatChild, isLeased, leaseChild } from '../../db/command/adapter-children.ts';
import { requestDigest } from '../../db/command/decisions.ts';
import { loseAdapter } from '../../db/command/part-with-adapter.ts';
import type { SecretsDeps } from '../../db/command/set-secret.ts';
import type { WantedChild } from '../../db/read/wanted-children.ts';
import { TOKEN_VARIABLE } from '../../domain/adapter/child.ts';
import type { ChildLine } from '../../domain/adapter/child.ts';
import type { Logger } from '../log.ts';
import { slotValue } from '../slot-value.ts';
import { RunningChild } from './child-process.ts';
import { heardLines } from './heard-lines.ts';

const ACTOR = 'adapterChildren';

export interface StartDeps extends SecretsDeps {
  commands: CommandRules;
  log: Logger;
}

export type ChildStarted =
  | { ok: true; lease_id: string; child: RunningChild }
  | { ok: false; code: 'command_not_allowed' | 'secret_unavailable' | 'changed' };

/** Starts a child under a new lease, with what its slots hold now, and has it told everything: it knows nothing yet. */
export async function startChild(deps: StartDeps, wanted: WantedChild): Promise<ChildStarted> {
  const { command, version, name, workspace_id } = wanted;
  if (!mayRun(command, deps.commands) || !isSound(command)) return { ok: false, code: 'command_not_allowed' };
  const credentials = await readCredentials(deps, wanted);
  if (credentials === null) return { ok: false, code: 'secret_unavailable' };
  const slots = wanted.slots.map(({ slot, version }) => ({ slot, version }));
  const lease = await leaseChild(deps.db, wanted, { version, slots });
  if (lease === null) return { ok: false, code: 'changed' };
  const { lease_id, token } = lease;
  let child: RunningChild | undefined;
  try {
    child = run(deps, wanted, { ...credentials, [TOKEN_VARIABLE]: token });
    const by = { workspace_id, actor: ACTOR, on_behalf_of: null };
    const key = { decision_id: lease_id, request_digest: requestDigest({ kind: 'adapter.lost', name }) };
    await loseAdapter(deps.db, by, { name, key });
    return { ok: true, lease_id, child };
  } catch (error) {
    // Nobody would know of it.
    await child?.end();
    await endChild(deps.db, { ...wanted, lease_id }, 'start_failed').catch(() => undefined);
    throw error;
  }
}

function run(deps: StartDeps, wanted: WantedChild, variables: Record<string, string>): RunningChild {
  const { command, args, name } = wanted;
  const asked = heardLines(name, deps.log, (line) => {
    answerChild(deps, wanted, child, line).catch((err: unknown) => {
      deps.log.warn({ event: 'adapter_child.unanswered', adapter: name, err });
    });
  });
  const child = new RunningChild({ command, args, variables, asked });
  return child;
}

async function readCredentials(deps: StartDeps, wanted: WantedChild): Promise<Record<string, string> | null> {
  const values: [string, string][] = [];
  for (const { slot, env } of wanted.credential_slots) {
    const value = await readSlot(deps, wanted, slot);
    // A variable ends at its first NUL: half a credential is none.
    if (value === null || value.includes('\u0000')) return null;
    values.push([env, value]);
  }
  return Object.fromEntries(values);
}

async function readSlot(
  deps: StartDeps,
  { workspace_id, adapter_id }: WantedChild,
  slot: string,
): Promise<string | null> {
  const value = await slotValue(deps, { workspace_id, slot, actor: ACTOR, purpose: `adapter/${adapter_id}` });
  const text = value?.toString('utf8') ?? null;
  value?.fill(0);
  return text;
}

/** Judges a child's token by the record each time: one whose run was ended gets nothing, though it still runs. */
async function answerChild(
  deps: StartDeps,
  wanted: WantedChild,
  child: RunningChild,
  line: Exclude<ChildLine, { kind: 'answer' }>,
): Promise<void> {
  if (line.kind === 'heartbeat') {
    const not_after = await heartbeatChild(deps.db, wanted, line.token);
    child.tell({ heartbeat: not_after === null ? { ok: false, code: 'lease_ended' } : { ok: true, not_after } });
    return;
  }
  const { id, slot, token } = line;
  if (!(await isLeased(deps.db, wanted, token))) child.tell({ id, error: 'lease_ended' });
  else if (!wanted.credential_slots.some((own) => own.slot === slot)) child.tell({ id, error: 'not_permitted' });
  else {
    const credential = await readSlot(deps, wanted, slot);
    child.tell(credential === null ? { id, error: 'secret_unavailable' } : { id, credential });
  }
}
