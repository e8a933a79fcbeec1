import { randomUUID } from 'node:crypto';

const MOST_KEPT = 1_000;

/** Under which id an update is sent: the decision's, unless what came of that says nothing of the decision. */
export interface UpdateId {
  updateId: string;
  /** What the update's input says besides, where its own id is not the decision's. */
  more: { decision_id?: string };
}

/**
 * The engine keeps the outcome of an update under its id, and answers a repeat with it. That the record could not be reached
 * is no outcome of a decision: asked for again, it goes out under another id and names the one it is to be recorded by.
 */
export class UpdateIds {
  readonly #spent = new Map<string, string>();

  of(workflow_id: string, decision_id: string): UpdateId {
    const updateId = this.#spent.get(`${workflow_id} ${decision_id}`);
    return updateId === undefined ? { updateId: decision_id, more: {} } : { updateId, more: { decision_id } };
  }

  /** Takes note of an answer: after one that the record knows nothing of, the next request has an id of its own. */
  answered(workflow_id: string, decision_id: string, answer: { kind: string; code?: string }): void {
    const key = `${workflow_id} ${decision_id}`;
    this.#spent.delete(key);
    if (answer.kind !== 'refused' || answer.code !== 'database_unreachable') return;
    this.#spent.set(key, randomUUID());
    for (const oldest of this.#spent.keys()) {
      if (this.#spent.size <= MOST_KEPT) break;
      this.#spent.delete(oldest);
    }
  }
}
