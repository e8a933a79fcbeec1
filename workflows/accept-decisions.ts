import { log, patched, setHandler, workflowInfo } from '@temporalio/workflow';
import type { SignalDefinition, UpdateDefinition } from '@temporalio/common';
import type { DecisionName, DecisionRequest } from '../domain/process/decision.ts';
import type { DecisionInbox } from './decision-inbox.ts';
import { malformed, malformedEnvelope, refuseMalformed } from './malformed.ts';
import {
  ackSignal,
  ackUpdate,
  reattestSignal,
  reattestUpdate,
  resolveSignal,
  resolveUpdate,
} from './recovery-ceremony/messages.ts';
import type {
  AckInput,
  DecisionAccepted,
  DecisionEnvelope,
  SignedSignal,
  Signalled,
} from './recovery-ceremony/messages.ts';

type Input = Partial<AckInput> & Partial<DecisionEnvelope>;

/** Takes a decision as an update and, from the engine's own console or CLI, as a signal: both end in the same inbox. */
function accept<U, S>(
  inbox: DecisionInbox,
  kind: DecisionName,
  update: UpdateDefinition<DecisionAccepted, [U]>,
  signal: SignalDefinition<[S]>,
  requestOf: (input: AckInput) => DecisionRequest,
): void {
  setHandler(
    update,
    (input) => {
      const given = (input ?? {}) as Input;
      return inbox.byUpdate(requestOf(given as AckInput), given);
    },
    { validator: refuseMalformed(kind) },
  );
  setHandler(signal, (input) => {
    if (isSigned(input) && patched('signed-signals')) {
      const wrong = malformedEnvelope(input);
      if (wrong !== null) return log.warn('malformed signal', { event: 'decision.malformed', kind, field: wrong });
      const { workflowId: workflow_id } = workflowInfo();
      return inbox.bySignal({ kind: 'signed', name: kind, workflow_id, envelope: input.envelope }, undefined);
    }
    const field = malformed(kind, input);
    if (field !== null) return log.warn('malformed signal', { event: 'decision.malformed', kind, field });
    const given = (input ?? {}) as Signalled<AckInput>;
    return inbox.bySignal(requestOf(given), given.decision_id);
  });
}

const isSigned = (input: unknown): input is SignedSignal =>
  typeof input === 'object' && input !== null && 'envelope' in input;

const ackOf = ({ operator, note, containment_binding }: AckInput): DecisionRequest => ({
  kind: 'ack',
  operator,
  ...(note === undefined ? {} : { note }),
  ...(containment_binding === undefined ? {} : { containment_binding }),
});

/** `resolve`, which every process of an incident takes. */
export function acceptResolve(inbox: DecisionInbox): void {
  accept(inbox, 'resolve', resolveUpdate, resolveSignal, () => ({ kind: 'resolve' }));
}

/** The ceremony's decisions: `ack` and `reattest`, in either order, and `resolve`. */
export function acceptCeremony(inbox: DecisionInbox): void {
  accept(inbox, 'ack', ackUpdate, ackSignal, ackOf);
  accept(inbox, 'reattest', reattestUpdate, reattestSignal, () => ({ kind: 'reattest' }));
  acceptResolve(inbox);
}
