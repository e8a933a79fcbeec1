import { setTimeout as sleep } from 'node:timers/promises';
import type { AskChild } from '../../activities/adapters/create-adapter-activities.ts';
import { endAllChildren, endChild, failChild, standingLeases } from '../../db/command/adapter-children.ts';
import type { ChildOf } from '../../db/command/adapter-children.ts';
import { openLeadership } from '../../db/leadership.ts';
import { CHILDREN_SESSION } from '../../db/read/sessions.ts';
import { wantedChildren } from '../../db/read/wanted-children.ts';
import type { WantedChild } from '../../db/read/wanted-children.ts';
import { restartPauseMs } from '../../domain/adapter/child.ts';
import type { RunningChild } from './child-process.ts';
import { startChild } from './start-child.ts';
import type { StartDeps } from './start-child.ts';

const LOOK_EVERY_MS = 250;
/** Who has run this long has not failed at the start. */
const SETTLED_AFTER_MS = 60_000;

interface Kept {
  of: ChildOf;
  /** Of what it was started: definition and slots. */
  as: string;
  run: { child: RunningChild; lease_id: string } | null;
  startedAt: number;
  failures: number;
  notBefore: number;
  lastCode: string | null;
}

export interface Children {
  ask: AskChild;
  /** Runs until `stop` aborts; then every child is gone. */
  keep(stop: AbortSignal): Promise<void>;
}

const keyOf = ({ workspace_id, adapter_id }: ChildOf): string => `${workspace_id}/${adapter_id}`;
const asOf = ({ version, slots }: WantedChild): string => JSON.stringify([version, slots]);

/** Runs the child adapters of the instance, in one control process at a time: the one that leads. */
export function createChildren(deps: StartDeps & { databaseUrl: string }): Children {
  const { db, log } = deps;
  const kept = new Map<string, Kept>();
  const leadership = openLeadership({ url: deps.databaseUrl, name: CHILDREN_SESSION, work: 'adapter-children' });
  let led = false;

  /** The lease first: what is being ended is believed no more. From here on its end is nobody else's to judge. */
  async function end(kept: Kept, code: string): Promise<void> {
    const { run } = kept;
    kept.run = null;
    if (run === null) return;
    await unlease(kept, run.lease_id, code);
    await run.child.end();
  }

  const unlease = (kept: Kept, lease_id: string, code: string): Promise<void> =>
    endChild(db, { ...kept.of, lease_id }, code).catch((err: unknown) =>
      log.warn({ event: 'adapter_child.end_unrecorded', err }),
    );

  async function start(wanted: WantedChild, child: Kept): Promise<void> {
    child.as = asOf(wanted);
    child.startedAt = performance.now();
    const started = await startChild(deps, wanted).catch((err: unknown) => {
      log.warn({ event: 'adapter_child.start_failed', adapter: wanted.name, err });
      return { ok: false as const, code: 'start_failed' as const };
    });
    if (started.ok) {
      const run = { child: started.child, lease_id: started.lease_id };
      child.run = run;
      child.lastCode = null;
      log.info({ event: 'adapter_child.started', adapter: wanted.name, lease_id: started.lease_id });
      void started.child.ended.then(() => over(child, run));
      return;
    }
    if (started.code === 'changed') return;
    failed(child);
    if (child.lastCode !== started.code) await failChild(db, wanted, started.code);
    child.lastCode = started.code;
    const { failures } = child;
    log.warn({ event: 'adapter_child.refused', adapter: wanted.name, code: started.code, failures });
  }

  function failed(child: Kept): void {
    child.failures = performance.now() - child.startedAt > SETTLED_AFTER_MS ? 1 : child.failures + 1;
    child.notBefore = performance.now() + restartPauseMs(child.failures);
  }

  /** It ended by itself. */
  function over(child: Kept, run: Kept['run']): void {
    if (run === null || child.run !== run) return;
    child.run = null;
    failed(child);
    log.warn({ event: 'adapter_child.ended', adapter: child.of.adapter_id, failures: child.failures });
    void unlease(child, run.lease_id, 'exited');
  }

  async function look(): Promise<void> {
    const wanted = new Map((await wantedChildren(db)).map((w) => [keyOf(w), w]));
    const standing = await standingLeases(db);
    const gone = [...kept].filter(([key]) => !wanted.has(key));
    await Promise.all(
      gone.map(async ([key, child]) => {
        await end(child, 'retired');
        kept.delete(key);
      }),
    );
    await Promise.all(
      [...wanted].map(async ([key, w]) => {
        const child = kept.get(key) ?? fresh(w);
        kept.set(key, child);
        const changed = child.as !== asOf(w);
        const ended = child.run !== null && !standing.has(child.run.lease_id);
        if (child.run !== null && (changed || ended)) {
          await end(child, changed ? 'replaced' : 'silent');
          if (!changed) failed(child);
        }
        if (changed) [child.failures, child.notBefore] = [0, 0];
        if (child.run === null && performance.now() >= child.notBefore) await start(w, child);
      }),
    );
  }

  const endAll = async (code: string): Promise<void> => {
    await Promise.all([...kept.values()].map((child) => end(child, code)));
    kept.clear();
  };

  async function round(): Promise<void> {
    const standing = await leadership.standing();
    // Nobody else can have been asked either: what runs goes on.
    if (standing === 'unknown') return;
    if (standing === 'follower') {
      if (led) await endAll('superseded');
      led = false;
      return;
    }
    if (!led && kept.size === 0) await endAllChildren(db, 'supervisor_gone');
    led = true;
    await look();
  }

  return {
    ask: async (of, message_id, content, withinMs) => {
      const child = kept.get(keyOf(of))?.run?.child ?? null;
      if (child === null) return { kind: 'none', code: 'child_not_running' };
      const body = await child.ask(message_id, content, withinMs);
      return body === null ? { kind: 'none', code: 'timeout' } : { kind: 'answer', body };
    },
    keep: async (stop) => {
      try {
        while (!stop.aborted) {
          await round().catch((err: unknown) => log.warn({ event: 'adapter_child.round_failed', err }));
          await sleep(LOOK_EVERY_MS, undefined, { signal: stop }).catch(() => undefined);
        }
      } finally {
        await endAll('shutdown');
        await leadership.close();
      }
    },
  };
}

const fresh = ({ workspace_id, adapter_id }: WantedChild): Kept => ({
  of: { workspace_id, adapter_id },
  as: '',
  run: null,
  startedAt: performance.now(),
  failures: 0,
  notBefore: 0,
  lastCode: null,
});
