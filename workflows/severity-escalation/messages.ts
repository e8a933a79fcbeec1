export { pokeSignal } from '../recovery-ceremony/messages.ts';

/** The one argument of `severityEscalation`; its id is `escalation/<workspace>/<escalation>`. `schema` numbers the shape. */
export interface SeverityEscalationInput {
  schema: 1;
  workspace_id: string;
  /** The incident that opened it. */
  escalation: string;
}
