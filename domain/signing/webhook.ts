// A webhook is believed by its signature: over its id, its time and the bytes of its body as they came, for five minutes.
/** What the headers of a signed request say (Standard Webhooks 1.0.0, "Webhook headers"). */
export interface SignedHeaders {
  id: string;
  /** As it was sent: it is part of what is signed. In seconds. */
  timestamp: string;
  /** The `v1` signatures, in base64; a sender that rotates its key sends several. */
  signatures: string[];
}

/** How old a signed request may be, and how far ahead of our clock; in milliseconds. */
export const TOLERANCE_MS = 5 * 60_000;

/** Without a full stop, which separates it from the time: else one signature would be of two readings. */
const ID = /^[\x21-\x2d\x2f-\x7e]{1,128}$/;
const TIMESTAMP = /^(?:0|[1-9]\d{0,11})$/;
const SIGNATURE = /^v1,([A-Za-z0-9+/]{43}=)$/;
const MOST_SIGNATURES = 8;

/** The headers of a request, read exactly; null when one is missing or malformed, or no signature is of a kind we know. */
export function readSignedHeaders(
  header: (name: 'webhook-id' | 'webhook-timestamp' | 'webhook-signature') => string | undefined,
): SignedHeaders | null {
  const id = header('webhook-id') ?? '';
  const timestamp = header('webhook-timestamp') ?? '';
  const given = (header('webhook-signature') ?? '').split(' ');
  if (!ID.test(id) || !TIMESTAMP.test(timestamp) || given.length > MOST_SIGNATURES) return null;
  const signatures = given.flatMap((text) => SIGNATURE.exec(text)?.[1] ?? []);
  return signatures.length === 0 ? null : { id, timestamp, signatures };
}

/** What stands before the body in the signed bytes. */
export const signedPrefix = ({ id, timestamp }: Pick<SignedHeaders, 'id' | 'timestamp'>): string =>
  `${id}.${timestamp}.`;

/** When a request of that time is too old for good, in milliseconds since 1970. */
export const expiryOf = ({ timestamp }: Pick<SignedHeaders, 'timestamp'>): number =>
  Number(timestamp) * 1000 + TOLERANCE_MS;

/** Whether a request was signed within the tolerance of `now` (milliseconds since 1970), before or after it. */
export const isTimely = ({ timestamp }: Pick<SignedHeaders, 'timestamp'>, now: number): boolean =>
  Math.abs(Number(timestamp) * 1000 - now) <= TOLERANCE_MS;
