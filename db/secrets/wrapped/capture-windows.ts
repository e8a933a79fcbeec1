import type { WrappedColumn } from '../wrapped-columns.ts';

/** The data key of each capture window. */
export const column: WrappedColumn = {
  table: 'capture_windows',
  column: 'wrapped_key',
  key: ['workspace_id', 'window_id'],
  place: ([workspace_id = '', window_id = '']) => ({ workspace_id, slot: `capture/${window_id}` }),
};
