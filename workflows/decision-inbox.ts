import { ApplicationFailure, currentUpdateInfo, log, uuid4 } from '@temporalio/workflow';
import type { DecisionOutcome, DecisionRequest, IncidentDecision } from '../domain/process/decision.ts';
import { decide } from './decide.ts';
import type { DecisionAccepted, DecisionEnvelope, IncidentProcessInput } from './recovery-ceremony/messages.ts';

interface Waiting {
  decision: IncidentDecision;
  answer: (outcome: DecisionOutcome) => void;
}

/** Decisions wait here for the one loop that takes them: two that arrive together are judged one after the other. */
export class DecisionInbox {
  readonly #of: IncidentProcessInput;
  readonly #waiting: Waiting[] = [];
  #taken = 0;

  constructor(of: IncidentProcessInput) {
    this.#of = of;
  }

  hasDecisions(): boolean {
    return this.#waiting.length > 0;
  }

  /** Updates and signals decided in this run. */
  get taken(): number {
    return this.#taken;
  }

  /** From an update handler: its id is the decision's unless it names another. Throws ApplicationFailure with the code of a refusal as its type. */
  async byUpdate(request: DecisionRequest, envelope: Partial<DecisionEnvelope>): Promise<DecisionAccepted> {
    const decision: IncidentDecision = {
      ...this.#identity(),
      decision_id: envelope.decision_id ?? currentUpdateInfo()?.id ?? uuid4(),
      caller: envelope.caller ?? null,
      request_digest: envelope.request_digest ?? null,
      request,
    };
    const outcome = await new Promise<DecisionOutcome>((answer) => this.#waiting.push({ decision, answer }));
    if (outcome.ok) return outcome;
    throw ApplicationFailure.create({
      type: outcome.code,
      message: `refused: ${outcome.code}`,
      nonRetryable: true,
      details: [{ missing: outcome.missing ?? [] }],
    });
  }

  /** From a signal handler: nobody waits for the answer, a refusal is on the record. */
  bySignal(request: DecisionRequest, decision_id: string | undefined): void {
    const id = decision_id ?? uuid4();
    const decision = {
      ...this.#identity(),
      decision_id: id,
      caller: null,
      request_digest: null,
      request,
      signal: true as const,
    };
    const answer = (outcome: DecisionOutcome) => {
      if (!outcome.ok) log.info('signal refused', { event: 'decision.refused', decision_id: id, code: outcome.code });
    };
    this.#waiting.push({ decision, answer });
  }

  /** Takes the decision that has waited longest to the transaction that judges it. True when it was accepted. */
  async decideNext(): Promise<boolean> {
    const next = this.#waiting.shift();
    if (next === undefined) return false;
    this.#taken += 1;
    const outcome = await decide(next.decision);
    next.answer(outcome);
    return outcome.ok;
  }

  #identity() {
    return { workspace_id: this.#of.workspace_id, incident_id: this.#of.incident_id };
  }
}
