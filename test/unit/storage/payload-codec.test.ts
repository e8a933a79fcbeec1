import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Payload } from '@temporalio/common';
import { EncryptingCodec, payloadCodecs, PayloadError } from '../../../storage/payload-codec.ts';
import { payloadKey } from '../../support/payload-keys.ts';

const [current, older, strange] = [payloadKey('current', 1), payloadKey('older', 2), payloadKey('strange', 3)];
const codec = new EncryptingCodec([current, older]);
const plain = (value: unknown): Payload => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(JSON.stringify(value)),
});
const show = (p: Payload | undefined) => ({
  metadata: Object.fromEntries(Object.entries(p?.metadata ?? {}).map(([k, v]) => [k, Buffer.from(v).toString()])),
  data: Buffer.from(p?.data ?? []).toString(),
});
const seal = async (p: Payload, by = codec) => (await by.encode([p]))[0]!;
const open = async (p: Payload, by = codec) => (await by.decode([p]))[0];
const refusal = (p: Payload, by = codec) =>
  open(p, by).then(
    () => 'opened',
    (error: unknown) => (error instanceof PayloadError ? error.code : 'another'),
  );

describe('what the engine keeps', () => {
  it('is sealed whole and comes back as it was, whichever key sealed it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.boolean(), async (value, old) => {
        const by = old ? new EncryptingCodec([older]) : codec;
        const sealed = await seal(plain(value), by);
        expect(show(sealed).metadata).toEqual({
          encoding: 'binary/encrypted',
          'encryption-key-id': old ? 'older' : 'current',
        });
        expect(show(await open(sealed))).toEqual(show(plain(value)));
      }),
    );
  });

  it('shows nothing of what was sealed, and never the same twice', async () => {
    const [a, b] = [await seal(plain('planted-note')), await seal(plain('planted-note'))];
    expect(Buffer.from(a.data!).includes('planted-note')).toBe(false);
    expect(Buffer.from(a.data!).equals(Buffer.from(b.data!))).toBe(false);
  });

  it('does not open with any bit changed, cut short, or under the name of another key', async () => {
    const sealed = await seal(plain({ note: 'x' }));
    const bytes = Buffer.from(sealed.data!);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(await refusal({ ...sealed, data: changed })).toBe('payload_unreadable');
    }
    expect(await refusal({ ...sealed, data: bytes.subarray(0, 20) })).toBe('payload_unreadable');
    const named = { ...sealed.metadata, 'encryption-key-id': Buffer.from('older') };
    expect(await refusal({ ...sealed, metadata: named })).toBe('payload_unreadable');
    expect(await refusal(sealed, new EncryptingCodec([strange]))).toBe('payload_key_unknown');
  });

  it('that came unsealed is taken as it is: a signal typed into the engine’s console', async () => {
    expect(show(await open(plain({ operator: 'me@org' })))).toEqual(show(plain({ operator: 'me@org' })));
  });

  it('is not sealed where there is no key', () => {
    expect(payloadCodecs([])).toEqual([]);
  });
});
