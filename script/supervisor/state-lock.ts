import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf, isRunning, parseIdentity } from './process-identity.ts';
import { SupervisorError } from './supervisor-error.ts';

export type StateLock = { release(): void };

/**
 * Takes `<state root>/lock` for this process. The lock of a supervisor that was killed is taken over.
 * @throws SupervisorError `held`, naming the pid that has it
 */
export function takeStateLock(stateRoot: string): StateLock {
  const lock = join(stateRoot, 'lock');
  const mine = `${lock}.${process.pid}`;
  const text = JSON.stringify(identityOf(process.pid));
  writeFileSync(mine, text, { mode: 0o600 });
  try {
    while (!link(mine, lock)) removeIfStale(lock, stateRoot);
  } finally {
    rmSync(mine, { force: true });
  }
  return {
    release() {
      if (read(lock) === text) rmSync(lock, { force: true });
    },
  };
}

/** A hard link appears with its content or not at all, and only one of two contenders gets it. */
function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function removeIfStale(lock: string, stateRoot: string): void {
  const seen = read(lock);
  if (seen === undefined) return;
  const holder = parseIdentity(seen);
  if (holder && isRunning(holder)) throw held(stateRoot, holder.pid);
  const aside = `${lock}.stale.${process.pid}`;
  renameSync(lock, aside);
  // Between reading and renaming another start may have taken the stale lock over: then this one is live.
  const moved = parseIdentity(read(aside) ?? '');
  if (moved && isRunning(moved)) {
    link(aside, lock);
    rmSync(aside, { force: true });
    throw held(stateRoot, moved.pid);
  }
  rmSync(aside, { force: true });
}

function held(stateRoot: string, pid: number): SupervisorError {
  return new SupervisorError('held', `${stateRoot} is in use by process ${pid}`);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
