import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ill, well } from '../../../domain/doctor/finding.ts';
import type { Said } from '../../../domain/doctor/finding.ts';
import type { DoctorCheck } from '../check.ts';

/** One supervisor owns a state root; two on the same data would each believe to be the only one. */
export const check: DoctorCheck = {
  name: 'state_lock',
  component: false,
  run: async ({ about }) => {
    const text = await readFile(join(about.stateRoot, 'lock'), 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined)
      return about.embedded
        ? ill('lock_missing', 'nobody holds the lock of the state root')
        : well('there is no supervisor: each process has a state root of its own');
    return holderOf(text);
  },
};

/** proc(5): a process is its number, the boot, and the tick at which it started. */
async function holderOf(text: string): Promise<Said> {
  const { pid, boot_id, start_ticks } = JSON.parse(text) as Record<string, unknown>;
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const stat = await readFile(`/proc/${Number(pid)}/stat`, 'utf8').catch(() => undefined);
  const started = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return boot === boot_id && started === start_ticks
    ? well(`held by process ${Number(pid)}`)
    : ill('lock_stale', 'the holder of the lock of the state root is gone');
}
