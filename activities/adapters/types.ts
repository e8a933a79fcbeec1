import type { AdapterLook, AdapterTarget } from '../../domain/adapter/state.ts';

export type { AdapterLook, AdapterTarget };

/** An adapter as its process knows it. */
export interface AdapterRef {
  workspace_id: string;
  adapter_id: string;
}

/** The record's side of `adapterSync`. */
export interface AdapterRecordActivities {
  /** What is to be told now; `sweep` also settles what an earlier run acknowledged and did not judge. */
  lookAfterAdapter(of: AdapterRef & { limit: number; sweep: boolean }): Promise<AdapterLook>;
}

/** What leaves for an adapter; on the queue `egress`, where a receiver that hangs holds up nobody else. */
export interface AdapterEgressActivities {
  /** Sends the present state of one gate and target, and takes the answer to the record. */
  tellAdapter(of: AdapterRef & AdapterTarget): Promise<void>;
  tryAdapter(of: AdapterRef & { trial: string }): Promise<void>;
}
