export { pokeSignal } from '../recovery-ceremony/messages.ts';

/** The one argument of `delivery`. `schema` numbers the shape for continue-as-new. */
export interface DeliveryInput {
  schema: 1;
  workspace_id: string;
  delivery_id: string;
}
