import { createSecretKey } from 'node:crypto';
import { loadPayloadKeys } from '../../config/payload-keys.ts';
import { payloadCodecs } from '../../storage/payload-codec.ts';
import type { SealingKey } from '../../storage/payload-codec.ts';

export const payloadKey = (key_id: string, fill: number): SealingKey => ({
  key_id,
  key: createSecretKey(Buffer.alloc(32, fill)),
});

/** The codecs of whoever has got hold of a whole state root. */
export const codecsOf = (stateRoot: string) =>
  payloadCodecs(loadPayloadKeys({ payloadKeysFile: undefined, stateRoot, env: 'embedded' }));
