import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sharedSha256 } from '../../../cli/sha256.ts';

it('the shared SHA-256 is SHA-256, whatever it was asked before', () => {
  const hex = (bytes: Uint8Array): string => Buffer.from(sharedSha256(bytes)).toString('hex');
  expect(hex(new Uint8Array(0))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(hex(Buffer.from('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1000 }), (bytes) => {
      expect(hex(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'));
    }),
  );
  expect(sharedSha256(new Uint8Array(0))).toBe(sharedSha256(new Uint8Array(1)));
});
