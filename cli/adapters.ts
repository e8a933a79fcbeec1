import type { Output } from './output/output.ts';

/** What the API says of an adapter, as far as the tables show it. */
export interface AdapterAnswer {
  name: string;
  state: string;
  child?: { lease_id: string; started_at: string } | null;
  actions: string[];
  unacknowledged: number;
  last_ack_at: string | null;
  last_latency_ms: number | null;
  last_error: string | null;
}

export const adapterPath = (name: string, action = ''): string => `/v1/adapters/${encodeURIComponent(name)}${action}`;

export function adapterTable(out: Output, adapters: AdapterAnswer[]): void {
  out.table(
    adapters,
    [
      { head: 'NAME', cell: (a) => a.name },
      { head: 'STATE', cell: (a) => a.state },
      { head: 'ACTIONS', cell: (a) => a.actions.join(' ') },
      { head: 'UNACKNOWLEDGED', cell: (a) => a.unacknowledged },
      { head: 'LAST ACK', cell: (a) => a.last_ack_at },
      { head: 'MS', cell: (a) => a.last_latency_ms },
      { head: 'ERROR', cell: (a) => a.last_error },
      { head: 'LEASE', cell: (a) => a.child?.lease_id ?? null },
    ],
    'no adapter is registered',
  );
}
