import { join } from 'node:path';
import { ProcessLog } from './process-log.ts';
import type { RunRecords } from './run-records.ts';
import { SupervisorError } from './supervisor-error.ts';
import { SupervisedProcess, type ProcessSpec } from './supervised-process.ts';

const rotateEveryMs = 10_000;

/** The processes of one state root, stopped in the reverse of the order they were added in. */
export class ProcessGroup {
  readonly #stateRoot: string;
  readonly #records: RunRecords;
  readonly #report: (line: string) => void;
  readonly #processes = new Map<string, SupervisedProcess>();
  readonly #logs = new Map<string, ProcessLog>();
  #stopped = false;
  readonly #rotation = setInterval(() => this.#rotate(), rotateEveryMs).unref();

  constructor(stateRoot: string, records: RunRecords, report: (line: string) => void) {
    this.#stateRoot = stateRoot;
    this.#records = records;
    this.#report = report;
  }

  /**
   * Starts a process once `needs` are met. Resolves when it is ready for the first time.
   * @throws SupervisorError `stopped` when the group was stopped before that, `setup_failed`
   */
  async start(spec: ProcessSpec, needs: readonly Promise<unknown>[] = []): Promise<void> {
    if (this.#stopped) throw new SupervisorError('stopped', `${spec.name} was not started`);
    const around = { log: this.log(spec.name), records: this.#records, report: this.#report };
    const process = new SupervisedProcess(spec, around);
    this.#processes.set(spec.name, process);
    await Promise.all(needs);
    await process.start();
  }

  log(name: string): ProcessLog {
    const log = this.#logs.get(name) ?? new ProcessLog(join(this.#stateRoot, 'log', `${name}.log`));
    this.#logs.set(name, log);
    return log;
  }

  get pids(): Record<string, number> {
    return Object.fromEntries(
      [...this.#processes.values()].flatMap(({ name, pid }) => (pid === undefined ? [] : [[name, pid] as const])),
    );
  }

  /** @throws RangeError for a name this group has no process of */
  process(name: string): SupervisedProcess {
    const process = this.#processes.get(name);
    if (!process) throw new RangeError(`no process ${name} in this stack`);
    return process;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#rotation);
    for (const process of [...this.#processes.values()].reverse()) await process.stop();
  }

  #rotate(): void {
    for (const log of this.#logs.values()) log.rotate();
  }
}
