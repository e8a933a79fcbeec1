import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a group may take to end by itself. */
const GRACE_MS = 2_000;
const LOOK_EVERY_MS = 20;

/** Whether a process of the group runs; those that only wait to be collected do not (proc(5), stat). */
export function groupRuns(group: number): boolean {
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    let stat: string;
    try {
      stat = readFileSync(`/proc/${name}/stat`, 'utf8');
    } catch {
      return false;
    }
    // The second field is the name in parentheses and may itself hold blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, pgrp, threads] = [fields[0], Number(fields[2]), Number(fields[17])];
    return pgrp === group && state !== 'X' && (state !== 'Z' || threads > 1);
  });
}

/** Ends every process of a group, kindly at first. Resolves when none of them runs any more. */
export async function endGroup(group: number): Promise<void> {
  const kindly = performance.now() + GRACE_MS;
  signalGroup(group, 'SIGTERM');
  while (groupRuns(group)) {
    if (performance.now() > kindly) signalGroup(group, 'SIGKILL');
    await sleep(LOOK_EVERY_MS);
  }
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // There is nobody left in it.
  }
}
