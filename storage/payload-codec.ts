import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';

const { Payload: Message } = proto.temporal.api.common.v1;

/** NIST SP 800-38D: 96-bit nonces drawn at random, full tags. */
const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const ENCODING = 'binary/encrypted';
const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const textOf = (bytes: Uint8Array | undefined | null): string => Buffer.from(bytes ?? []).toString('utf8');

export interface SealingKey {
  key_id: string;
  key: KeyObject;
}

/** The keys at this moment, the first seals; `again`: one was met that is not among them. */
export type KeySource = (again?: boolean) => readonly SealingKey[];

/** A payload that no key here opens, or that was changed. Names the key, never what was sealed. */
export class PayloadError extends Error {
  override readonly name = 'PayloadError';
  readonly code: 'payload_key_unknown' | 'payload_unreadable';

  constructor(code: PayloadError['code'], key_id: string) {
    super(`${code}: ${key_id}`);
    this.code = code;
  }
}

/**
 * Seals what the engine keeps, histories and tasks alike: whoever can read its database or its console reads ids and types,
 * not what people wrote. A payload is sealed whole, with its own metadata; its key's id stands beside it. What came
 * unsealed, as a signal from the engine's console, is taken as it is: no payload permits anything, the record does.
 * Errors: PayloadError.
 */
export class EncryptingCodec implements PayloadCodec {
  readonly #keys: KeySource;

  /** The first key seals, every one opens. A source is asked each time, and once more for a key that it did not have. */
  constructor(keys: readonly [SealingKey, ...SealingKey[]] | KeySource) {
    this.#keys = typeof keys === 'function' ? keys : () => keys;
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => this.#seal(payload));
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) =>
      textOf(payload.metadata?.['encoding']) === ENCODING ? this.#open(payload) : payload,
    );
  }

  #seal(payload: Payload): Payload {
    const [seals] = this.#keys();
    if (seals === undefined) throw new PayloadError('payload_key_unknown', 'none');
    const { key_id, key } = seals;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(utf8(key_id));
    const plain = Message.encode(Message.create(payload)).finish();
    return {
      metadata: { encoding: utf8(ENCODING), 'encryption-key-id': utf8(key_id) },
      data: Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]),
    };
  }

  #open({ metadata, data }: Payload): Payload {
    const key_id = textOf(metadata?.['encryption-key-id']);
    const key = (find(this.#keys(), key_id) ?? find(this.#keys(true), key_id))?.key;
    if (key === undefined) throw new PayloadError('payload_key_unknown', key_id.slice(0, 64));
    const sealed = Buffer.from(data ?? []);
    if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new PayloadError('payload_unreadable', key_id);
    const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(utf8(key_id));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const plain = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
    try {
      decipher.final();
    } catch {
      throw new PayloadError('payload_unreadable', key_id);
    }
    const { metadata: own, data: value } = Message.decode(plain);
    return { metadata: own, data: value };
  }
}

const find = (keys: readonly SealingKey[], key_id: string): SealingKey | undefined =>
  keys.find((each) => each.key_id === key_id);

/** The codecs of a process that holds these keys: none where there is no key. */
export function payloadCodecs(keys: readonly SealingKey[] | KeySource | undefined): PayloadCodec[] {
  if (keys === undefined) return [];
  if (typeof keys === 'function') return [new EncryptingCodec(keys)];
  const [first, ...others] = keys;
  return first === undefined ? [] : [new EncryptingCodec([first, ...others])];
}
