export { pokeSignal } from '../recovery-ceremony/messages.ts';

/** The one argument of `tokenRotation`; its id is `rotation/<ROT>`. `schema` numbers the shape. */
export interface TokenRotationInput {
  schema: 1;
  workspace_id: string;
  rotation_id: string;
}
