import { readFileSync } from 'node:fs';

/** A process, and not merely its number: pids are reused, a start within a boot is not. */
export type ProcessIdentity = { pid: number; boot_id: string; start_ticks: string };

const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/**
 * @returns undefined when no such process runs. One that only waits to be collected (zombie) does not run, unless other
 *   threads of it are still ending: until the last of them is gone its files and ports are taken.
 */
export function identityOf(pid: number): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // proc(5): the second field is the name in parentheses and may itself hold blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, threads, startTicks] = [fields[0], fields[17], fields[19]];
  if (startTicks === undefined || state === 'X' || (state === 'Z' && Number(threads) <= 1)) return undefined;
  return { pid, boot_id: bootId, start_ticks: startTicks };
}

export function isRunning(identity: ProcessIdentity): boolean {
  const current = identityOf(identity.pid);
  return current?.boot_id === identity.boot_id && current.start_ticks === identity.start_ticks;
}

/** @returns undefined for text that is not an identity, such as a record whose writing was cut short. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const { pid, boot_id, start_ticks } = JSON.parse(text) as Partial<ProcessIdentity>;
    if (!Number.isSafeInteger(pid) || typeof boot_id !== 'string' || typeof start_ticks !== 'string') return undefined;
    return { pid: pid as number, boot_id, start_ticks };
  } catch {
    return undefined;
  }
}
