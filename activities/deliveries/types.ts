import type { DeliveryLook } from '../../domain/hook/delivery.ts';

export type { DeliveryLook };

/** A delivery as its process knows it. */
export interface DeliveryRef {
  workspace_id: string;
  delivery_id: string;
}

/** The record's side of `delivery`. */
export interface DeliveryRecordActivities {
  lookAfterDelivery(of: DeliveryRef): Promise<DeliveryLook>;
}

/** What leaves for a hook; on the queue `egress`. */
export interface DeliveryEgressActivities {
  /** Makes one attempt, and takes what came of it to the record. */
  sendDelivery(of: DeliveryRef): Promise<void>;
}
