import type { OutboxPoke } from '../../db/command/relay-outbox.ts';
import type { StartProcess } from '../../activities/start-process.ts';
import { isEngineAway } from '../engine/engine-away.ts';
import type { Logger } from '../log.ts';

const AT_ONCE = 16;

/** Sends pokes a few at a time, in order; says by index which ones the engine has. Gives up the rest when it is away. */
export async function sendPokes(pokes: OutboxPoke[], start: StartProcess, log: Logger): Promise<boolean[]> {
  const taken = pokes.map(() => false);
  const queue = pokes.entries();
  let away = false;
  const failures: string[] = [];
  const sender = async () => {
    for (const [i, poke] of queue) {
      if (away) return;
      try {
        await start(poke);
        taken[i] = true;
      } catch (error) {
        away ||= isEngineAway(error);
        failures.push(error instanceof Error ? error.message : String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, pokes.length) }, sender));
  if (failures.length > 0) {
    const left = taken.filter((t) => !t).length;
    log.warn({ event: 'relay.poke_failed', failed: failures.length, left, away, reason: failures[0] });
  }
  return taken;
}
