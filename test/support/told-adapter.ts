import { judgeReply } from '../../domain/adapter/state.ts';
import type { AdapterState, AdapterTarget } from '../../domain/adapter/state.ts';
import { rows } from '../../db/client.ts';
import type { Database } from '../../db/client.ts';
import { recordAnswer } from '../../db/command/acknowledge-adapter.ts';
import { beginSending, lookAfterAdapter } from '../../db/command/adapter-requests.ts';
import type { Sending } from '../../db/command/adapter-requests.ts';
import type { AdapterKey } from '../../db/write/adapter-targets.ts';

/** How a request ends: answered, lost on its way there (and perhaps late), or taken with the answer lost. */
export type Fate = 'answered' | 'lost' | 'unheard';

/** A state that is due again this often is told for ever. */
const ROUNDS = 60;

/**
 * An adapter by the book and the process that tells it, on a real record but without engine and network: every request
 * is under way until somebody says what becomes of it.
 */
export class ToldAdapter {
  readonly #db: Database;
  readonly #of: AdapterKey;
  /** What it took, by target: of each the state of the highest generation. */
  readonly taken = new Map<string, Pick<AdapterState, 'state' | 'generation'>>();
  readonly #underWay: Sending[] = [];
  readonly #busy = new Set<string>();
  readonly #late: AdapterState[] = [];

  constructor(db: Database, of: AdapterKey) {
    this.#db = db;
    this.#of = of;
  }

  /** The process looks, and sends what is due and not under way. */
  async look(): Promise<void> {
    const { due } = await lookAfterAdapter(this.#db, this.#of, { limit: 16, sweep: false });
    await this.#send(due);
  }

  async #send(due: AdapterTarget[]): Promise<void> {
    for (const what of due) {
      if (this.#busy.has(what.target)) continue;
      this.#busy.add(what.target);
      const sending = await beginSending(this.#db, this.#of, what);
      if (sending === null) this.#busy.delete(what.target);
      else this.#underWay.push(sending);
    }
  }

  /** The n-th request that is under way ends. */
  async end(n: number, fate: Fate): Promise<void> {
    const [sending] = this.#underWay.splice(n % Math.max(1, this.#underWay.length), 1);
    if (sending === undefined) return;
    const { state } = sending;
    if (fate === 'lost') this.#late.push(state);
    const code = fate === 'lost' ? null : judgeReply({ status: 200, body: this.#take(state) }, state.generation);
    const outcome =
      fate === 'answered' && code === null
        ? { ok: true as const, latency_ms: 1 }
        : { ok: false as const, code: code ?? ('timeout' as const) };
    const { gate, target } = state;
    await recordAnswer(this.#db, { ...this.#of, gate, target, sending: sending.sending, outcome });
    this.#busy.delete(target);
  }

  /** The n-th request that was given up arrives after all; nobody waits for its answer. */
  arriveLate(n: number): void {
    const [state] = this.#late.splice(n % Math.max(1, this.#late.length), 1);
    if (state !== undefined) this.#take(state);
  }

  #take({ target, state, generation }: AdapterState): string {
    const last = this.taken.get(target)?.generation ?? -1;
    if (generation > last) this.taken.set(target, { state, generation });
    return JSON.stringify({ generation: Math.max(last, generation) });
  }

  /** Everything gets through: what is due, however long its pause, and what was given up. */
  async settle(): Promise<void> {
    while (this.#underWay.length > 0) await this.end(0, 'lost');
    for (let round = 0; ; round += 1) {
      if (round === ROUNDS) throw new Error('there is always something to tell');
      await lookAfterAdapter(this.#db, this.#of, { limit: 1, sweep: true });
      const due = await rows<AdapterTarget>(
        this.#db,
        'SELECT gate, target FROM adapter_targets WHERE workspace_id = $1 AND adapter_id = $2 AND due',
        [this.#of.workspace_id, this.#of.adapter_id],
      );
      if (due.length === 0) break;
      await this.#send(due);
      while (this.#underWay.length > 0) await this.end(0, 'answered');
    }
    while (this.#late.length > 0) this.arriveLate(0);
  }
}
