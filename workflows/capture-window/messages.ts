export { pokeSignal } from '../recovery-ceremony/messages.ts';

/** The one argument of `captureWindow`; its id is `capture/<CAP>`. `schema` numbers the shape. */
export interface CaptureWindowInput {
  schema: 1;
  workspace_id: string;
  window_id: string;
}
