import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { launch, type Command } from './launch.ts';
import type { ProcessLog } from './process-log.ts';
import type { RunRecords } from './run-records.ts';
import { SupervisorError } from './supervisor-error.ts';

export type ProcessSpec = {
  name: string;
  /** Runs before each start: first set-up, and tidying up after a crash. */
  prepare?: () => unknown;
  command: () => Command | Promise<Command>;
  /** Asked again and again until it says yes; `output` is what this run has written so far. */
  isReady: (output: () => string) => boolean | Promise<boolean>;
};

export type Surroundings = { log: ProcessLog; records: RunRecords; report: (line: string) => void };

const probeMs = { first: 20, growth: 1.2, most: 250 };
const stopPatienceMs = 10_000;
const backOffMs = { first: 100, most: 10_000, healthyAfter: 30_000 };

/** Keeps one process running: starts it again with growing pauses whenever it ends, until `stop`. */
export class SupervisedProcess {
  readonly name: string;
  readonly #spec: ProcessSpec;
  readonly #around: Surroundings;
  readonly #stopping = new AbortController();
  #child: ChildProcess | undefined;
  #ready = Promise.withResolvers<void>();
  #everReady = false;
  #problem: string | undefined;
  #runEnded = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;

  constructor(spec: ProcessSpec, around: Surroundings) {
    this.name = spec.name;
    this.#spec = spec;
    this.#around = around;
    this.#ready.promise.catch(() => undefined);
  }

  /** The pid of the current run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves once the process is ready. @throws SupervisorError `setup_failed` when its first preparation fails */
  start(): Promise<void> {
    this.#running ??= this.#keepRunning();
    return this.ready();
  }

  /** Resolves at once when the process is ready, else when it is (again). */
  ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves when the current run has ended; at once for SIGSTOP and SIGCONT, which end nothing. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const { promise } = this.#runEnded;
    if (this.#child?.kill(signal) === true && signal !== 'SIGSTOP' && signal !== 'SIGCONT') await promise;
  }

  /** Ends the process for good: its stop signal, and after 10 s SIGKILL. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #keepRunning(): Promise<void> {
    let pauseMs = backOffMs.first;
    while (!this.#isStopping()) {
      const startedAt = performance.now();
      let ending: string;
      try {
        ending = await this.#runOnce();
      } catch (error) {
        ending = error instanceof Error ? error.message : String(error);
        if (!this.#everReady) {
          this.#ready.reject(setupFailed(this.name, error));
          return;
        }
      }
      if (this.#isStopping()) break;
      if (performance.now() - startedAt > backOffMs.healthyAfter) pauseMs = backOffMs.first;
      this.#around.report(
        `${this.name} ended (${ending}; ${this.#around.log.path}), next start in ${pauseMs / 1000} s`,
      );
      await sleep(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, backOffMs.most);
    }
    this.#ready.reject(new SupervisorError('stopped', `${this.name} was stopped`));
  }

  /** @returns how the run ended */
  async #runOnce(): Promise<string> {
    await this.#spec.prepare?.();
    const command = await this.#spec.command();
    if (this.#isStopping()) return 'not started';
    const { child, offset } = this.#around.log.lend((descriptor, offset) => ({
      child: launch(command, descriptor),
      offset,
    }));
    this.#child = child;
    const ended = new AbortController();
    const exit = once(child, 'exit').finally(() => ended.abort()) as Promise<[number | null, NodeJS.Signals | null]>;
    exit.catch(() => undefined);
    if (child.pid !== undefined) this.#around.records.add(this.name, child.pid);
    const stop = () => void endChild(child, command.stopSignal, exit);
    this.#stopping.signal.addEventListener('abort', stop);
    try {
      await this.#awaitReady(offset, ended.signal);
      const [code, signal] = await exit;
      return signal ?? `exit code ${code}`;
    } finally {
      this.#stopping.signal.removeEventListener('abort', stop);
      this.#around.records.remove(this.name);
      this.#child = undefined;
      if (this.#everReady) this.#expectReadiness();
      this.#runEnded.resolve();
      this.#runEnded = Promise.withResolvers<void>();
    }
  }

  async #awaitReady(offset: number, ended: AbortSignal): Promise<void> {
    const over = AbortSignal.any([ended, this.#stopping.signal]);
    const output = () => this.#around.log.since(offset);
    for (let pauseMs = probeMs.first; !over.aborted; pauseMs = Math.min(pauseMs * probeMs.growth, probeMs.most)) {
      if (await this.#probe(output)) {
        this.#everReady = true;
        this.#ready.resolve();
        return;
      }
      await sleep(pauseMs, undefined, { signal: over }).catch(() => undefined);
    }
  }

  /** A probe that fails says so once and is repeated: the process itself runs on. */
  async #probe(output: () => string): Promise<boolean> {
    try {
      return await this.#spec.isReady(output);
    } catch (error) {
      const problem = `${this.name} is not ready: ${error instanceof Error ? error.message : String(error)}`;
      if (problem !== this.#problem) this.#around.report(problem);
      this.#problem = problem;
      return false;
    }
  }

  #expectReadiness(): void {
    this.#ready = Promise.withResolvers<void>();
    this.#ready.promise.catch(() => undefined);
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }
}

async function endChild(child: ChildProcess, stopSignal: NodeJS.Signals, exit: Promise<unknown>): Promise<void> {
  child.kill(stopSignal);
  const patience = new AbortController();
  const kill = sleep(stopPatienceMs, undefined, { signal: patience.signal }).then(
    () => child.kill('SIGKILL'),
    () => undefined,
  );
  await exit.catch(() => undefined);
  patience.abort();
  await kill;
}

function setupFailed(name: string, cause: unknown): SupervisorError {
  if (cause instanceof SupervisorError) return cause;
  return new SupervisorError('setup_failed', `${name}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });
}
