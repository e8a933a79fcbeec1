/** What the API says of a delivery. */
export interface DeliveryAnswer {
  delivery_id: string;
  hook: string;
  state: string;
  attempts: number;
  last_error: string | null;
  created_at: string;
  next_attempt_at: string | null;
  settled_at: string | null;
}

export const deliveryPath = (id = '', action = ''): string =>
  `/v1/deliveries${id === '' ? '' : `/${encodeURIComponent(id)}`}${action}`;
