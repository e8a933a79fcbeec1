import { createHmac } from 'node:crypto';

export interface Signing {
  id: string;
  /** In seconds. */
  timestamp: number;
  body: string;
  /** `whsec_` and base64, or the key as text. */
  secret: string;
}

/** The headers of a signed request, written after Standard Webhooks 1.0.0 and sharing nothing with what judges them. */
export function webhookHeaders({ id, timestamp, body, secret }: Signing): Record<string, string> {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,${signature}` };
}
