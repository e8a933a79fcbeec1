import type { Output } from './output/output.ts';

export interface RuntimeAnswer {
  permission_mode: string;
  debug_level: string;
  debug_until: string | null;
  debug_window: string | null;
  debug_ticket: string | null;
  debug_opened_by: string | null;
  debug_since: string | null;
  captured: number | null;
  dropped: number | null;
}

export function showRuntime(out: Output, body: RuntimeAnswer): void {
  out.facts([
    ['permission_mode', body.permission_mode],
    ['debug_level', body.debug_level],
    ['debug_until', body.debug_until],
    ['debug_window', body.debug_window],
    ['debug_ticket', body.debug_ticket],
    ['debug_opened_by', body.debug_opened_by],
    ['debug_since', body.debug_since],
    ['captured', body.captured],
    ['dropped', body.dropped],
  ]);
}
