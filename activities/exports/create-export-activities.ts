import { isOver, stepOf } from '../../domain/export/record.ts';
import type { ExportStep } from '../../domain/export/record.ts';
import { lacking } from '../../domain/export/quorum.ts';
import type { ExportView } from '../../domain/process/export.ts';
import { ExportFailure, ExportStop } from './engine.ts';
import type { ExportEngine } from './engine.ts';
import { jobOf } from './job.ts';
import type { DueExport, ExportKey, ExportRecordPort, Recorded, StepTaken } from './record-port.ts';
import type { ExportActivities } from './activities.ts';

/** The activity that is running, as the engine of processes knows it: it is told that the work goes on, and says when to stop. */
export interface Pulse {
  beat: (details?: unknown) => void;
  signal: AbortSignal;
}

export interface ExportDeps {
  record: ExportRecordPort;
  engine: ExportEngine;
  pulse: () => Pulse;
  log: { warn(fields: object): void };
}

const BEAT_EVERY_MS = 2_000;

/**
 * The activity of an export. A worker that dies between the effect of a step and its record takes the step again: what each
 * does outside comes to the same when it is repeated.
 */
export const createExportActivities = (deps: ExportDeps): ExportActivities => ({
  advanceExport: async (of) => {
    const due = await deps.record.attend(of);
    if (due === undefined) return null;
    const step = stepOf(due.export);
    if (step === null || due.due_in_ms !== 0) return viewOf(due);
    const pulse = deps.pulse();
    const beating = setInterval(() => pulse.beat({ step }), BEAT_EVERY_MS);
    try {
      await new Attempt(deps, of, due, pulse).take(step);
    } finally {
      clearInterval(beating);
    }
    const next = await deps.record.attend(of);
    return next === undefined ? null : viewOf(next);
  },
});

const viewOf = ({ export: x, due_in_ms }: DueExport): ExportView => ({
  state: x.state,
  reason_code: x.reason_code,
  awaiting: x.state === 'pending_approval' ? (lacking(x.quorum, x.approvals)[0]?.role ?? null) : null,
  failure: x.failure,
  over: isOver(x) && stepOf(x) === null,
  again_after_ms: due_in_ms,
});

/** The record has moved on: whatever is being done counts for nothing. */
class MovedOn extends Error {
  override readonly name = 'MovedOn';
}

class Attempt {
  readonly #deps: ExportDeps;
  readonly #of: ExportKey;
  readonly #pulse: Pulse;
  #now: Recorded;

  constructor(deps: ExportDeps, of: ExportKey, due: DueExport, pulse: Pulse) {
    this.#deps = deps;
    this.#of = of;
    this.#pulse = pulse;
    this.#now = due;
  }

  async take(step: ExportStep): Promise<void> {
    try {
      await this.#run(step);
    } catch (error) {
      if (error instanceof MovedOn || this.#pulse.signal.aborted) return;
      await this.#record(this.#endOf(step, error)).catch((late: unknown) => {
        if (!(late instanceof MovedOn)) throw late;
      });
    }
  }

  async #run(step: ExportStep): Promise<void> {
    const { engine, record } = this.#deps;
    const { signal } = this.#pulse;
    switch (step) {
      case 'preflight': {
        if (this.#now.export.state === 'requested') await this.#record({ kind: 'preflighting' });
        const { bundle, manifest, findings } = await engine.preflight(this.#job(), signal);
        return this.#record({ kind: 'preflighted', bundle, manifest, findings });
      }
      case 'begin':
        return this.#record({ kind: 'begin' });
      case 'seal': {
        const { statement, digest } = await engine.seal(this.#job(), signal);
        return this.#record({ kind: 'sealed', statement, digest });
      }
      case 'deliver': {
        const airlock = async () => ((await record.mayLeave(this.#of)) ? 'open' : 'closed');
        const keepHandle = (handle: string) => this.#record({ kind: 'opened', handle });
        const progress = (sent: number) => this.#pulse.beat({ step, sent });
        const { handle, bytes, sha256 } = await engine.deliver(this.#job(), { airlock, keepHandle, progress, signal });
        return this.#record({ kind: 'sent', handle, received: bytes, sha256 });
      }
      case 'complete': {
        // Read before the gates are: a hold that comes in between is seen by one of both.
        const generation = await record.airlockGeneration(this.#of.workspace_id);
        await this.#record({ kind: 'committing' });
        if (stepOf(this.#now.export) !== 'complete') return undefined;
        const kept = await engine.complete(this.#job(), signal);
        return this.#record({ kind: 'delivered', kept, generation });
      }
      case 'discard':
        await engine.discard(this.#job());
        return this.#record({ kind: 'discarded' });
      default: {
        const unknown: never = step;
        throw new Error(`unknown step ${JSON.stringify(unknown)}`);
      }
    }
  }

  async #record(taken: StepTaken): Promise<void> {
    const after = await this.#deps.record.recordStep(this.#of, this.#now.row.version, taken);
    if (after === undefined) throw new MovedOn();
    this.#now = after;
  }

  #job = () => jobOf(this.#now);

  #endOf(step: ExportStep, error: unknown): StepTaken {
    if (error instanceof ExportStop && (step === 'seal' || step === 'deliver' || step === 'complete'))
      return { kind: 'stopped', reason: error.reason };
    if (error instanceof ExportFailure) return { kind: 'failed', code: error.code, retry: error.retry };
    this.#deps.log.warn({ event: 'export.step_failed', export_id: this.#of.export_id, step, err: error });
    return { kind: 'failed', code: 'internal', retry: true };
  }
}
