import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endProcess } from './end-process.ts';
import { identityOf, parseIdentity } from './process-identity.ts';

const patience = [
  ['SIGTERM', 2_000],
  // To Postgres SIGTERM means: wait until the clients are gone. SIGINT ends it now, in order.
  ['SIGINT', 3_000],
  ['SIGKILL', 2_000],
] as const;

/** `<state root>/run/<name>.json`: which processes this state root's supervisor started. */
export class RunRecords {
  readonly #directory: string;

  constructor(stateRoot: string) {
    this.#directory = join(stateRoot, 'run');
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }

  add(name: string, pid: number): void {
    const identity = identityOf(pid);
    if (identity) writeFileSync(this.#file(name), JSON.stringify(identity), { mode: 0o600 });
  }

  remove(name: string): void {
    rmSync(this.#file(name), { force: true });
  }

  /** Ends what a killed supervisor left behind; a pid that meanwhile belongs to another process is left alone. */
  async reap(): Promise<void> {
    await Promise.all(
      readdirSync(this.#directory).map(async (file) => {
        const path = join(this.#directory, file);
        const identity = parseIdentity(readFileSync(path, 'utf8'));
        if (identity) await endProcess(identity, patience);
        rmSync(path, { force: true });
      }),
    );
  }

  #file(name: string): string {
    return join(this.#directory, `${name}.json`);
  }
}
