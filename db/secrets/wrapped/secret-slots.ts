import type { WrappedColumn } from '../wrapped-columns.ts';

/** The data key of each slot. */
export const column: WrappedColumn = {
  table: 'secret_slots',
  column: 'wrapped_key',
  key: ['workspace_id', 'slot'],
  place: ([workspace_id = '', slot = '']) => ({ workspace_id, slot }),
};
