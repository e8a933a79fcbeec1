export { pokeSignal, resolveSignal, resolveUpdate } from '../recovery-ceremony/messages.ts';
export type {
  DecisionAccepted,
  DecisionEnvelope,
  IncidentProcessInput,
  Signalled,
} from '../recovery-ceremony/messages.ts';
