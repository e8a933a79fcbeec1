import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createDataKey,
  openDataKey,
  openSecret,
  rewrapDataKey,
  sealSecret,
  wrappingKeyId,
} from '../../../db/secrets/envelope.ts';
import { freshMasterKey } from '../../support/secrets.ts';

const at = { workspace_id: 'default', slot: 'openai.prod' };
const master = freshMasterKey();
const { data, wrapped } = createDataKey(master, at);

const word = fc.stringMatching(/^[a-z0-9.,"[\]-]{1,12}$/);
const bytesOf = (text: string) => Buffer.from(text, 'latin1');

describe('an envelope', () => {
  it('opens to what was sealed, and is never written the same twice', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 2 ** 31 - 1 }), (value, version) => {
        const text = sealSecret(data, at, version, Buffer.from(value));
        expect(openSecret(openDataKey(master, at, wrapped), at, version, text)).toEqual(Buffer.from(value));
        expect(sealSecret(data, at, version, Buffer.from(value))).not.toBe(text);
      }),
    );
  });

  it('with any bit of its text flipped does not open', () => {
    // Lengths at which base64 leaves no, four and two bits over.
    for (const value of ['a provider key', 'a provider key!', 'a provider key!!']) {
      const text = bytesOf(sealSecret(data, at, 1, Buffer.from(value)));
      for (let bit = 0; bit < text.length * 8; bit++) {
        const other = Buffer.from(text);
        other[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => openSecret(data, at, 1, other.toString('latin1')), `bit ${bit}`).toThrow(
          expect.objectContaining({ code: 'secret_unreadable' }),
        );
      }
    }
    const key = bytesOf(wrapped);
    for (let bit = 0; bit < key.length * 8; bit++) {
      const other = Buffer.from(key);
      other[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => openDataKey(master, at, other.toString('latin1')), `bit ${bit}`).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^(secret_unreadable|master_key_mismatch)$/) as string }),
      );
    }
  });

  it('moved to another workspace, slot or version does not open', () => {
    const place = fc.record({ workspace_id: word, slot: word, version: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      // All of it may differ, or one part alone.
      fc.property(place, place, fc.constantFrom('all', 'workspace_id', 'slot', 'version'), (from, other, part) => {
        const to = part === 'all' ? other : { ...from, [part]: other[part] };
        fc.pre(from.workspace_id !== to.workspace_id || from.slot !== to.slot || from.version !== to.version);
        const text = sealSecret(data, from, from.version, Buffer.from('v'));
        expect(() => openSecret(data, to, to.version, text)).toThrow(
          expect.objectContaining({ code: 'secret_unreadable' }),
        );
      }),
      { numRuns: 500 },
    );
    expect(() => openDataKey(master, { ...at, slot: 'other' }, wrapped)).toThrow(
      expect.objectContaining({ code: 'secret_unreadable' }),
    );
    expect(() => openSecret(data, at, 0, wrapped)).toThrow(expect.objectContaining({ code: 'secret_unreadable' }));
  });

  it('of another master key is told from a broken one, and names the key it needs', () => {
    const other = freshMasterKey();
    expect(() => openDataKey(other, at, wrapped)).toThrow(
      expect.objectContaining({
        code: 'master_key_mismatch',
        message: expect.stringContaining(master.key_id) as string,
      }),
    );
    expect(wrappingKeyId(wrapped)).toBe(master.key_id);
    const { data: foreign } = createDataKey(other, at);
    expect(() => openSecret(foreign, at, 1, sealSecret(data, at, 1, Buffer.from('v')))).toThrow(
      expect.objectContaining({ code: 'secret_unreadable' }),
    );
  });

  it('under another master key is the same data key, which only that one opens', () => {
    const next = freshMasterKey();
    const rewrapped = rewrapDataKey(master, next, at, wrapped);
    expect(wrappingKeyId(rewrapped)).toBe(next.key_id);
    const text = sealSecret(data, at, 1, Buffer.from('v'));
    expect(openSecret(openDataKey(next, at, rewrapped), at, 1, text).toString()).toBe('v');
    expect(openSecret(openDataKey({ ...master, others: [next] }, at, rewrapped), at, 1, text).toString()).toBe('v');
    const mismatch = expect.objectContaining({ code: 'master_key_mismatch' }) as Error;
    expect(() => openDataKey(master, at, rewrapped)).toThrow(mismatch);
    expect(() => openDataKey(next, at, wrapped)).toThrow(mismatch);
    expect(() => rewrapDataKey(next, master, at, wrapped)).toThrow(mismatch);
    const given = { ...master, reread: () => ({ ...master, others: [next] }) };
    expect(openSecret(openDataKey(given, at, rewrapped), at, 1, text).toString()).toBe('v');
  });
});
