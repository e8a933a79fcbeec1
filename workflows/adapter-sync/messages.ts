export { pokeSignal } from '../recovery-ceremony/messages.ts';

/** The one argument of `adapterSync`. `schema` numbers the shape for continue-as-new. */
export interface AdapterSyncInput {
  schema: 1;
  workspace_id: string;
  adapter_id: string;
}
