import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LedgerError } from '../../../domain/ledger/error.ts';
import {
  formatNoteKey,
  noteKey,
  noteOf,
  openNote,
  parseNote,
  parseNoteKey,
  signNote,
} from '../../../domain/ledger/note.ts';
import { fromBase64 } from '../../../domain/signing/base64.ts';
import { sha256 } from './naive-tree.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof LedgerError) return error.code;
    throw error;
  }
  return 'accepted';
};

// golang.org/x/mod/sumdb/note, example_test.go: ExampleSign, ExampleOpen and ExampleSign_add_signatures.
const PETER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const PETERS_SEED = fromBase64('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz')!.subarray(1);
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const PETERS_LINE =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
const ENOCHS_LINE =
  '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n';

const peter = parseNoteKey(PETER, sha256);
const enochsSeed = new Uint8Array(32);
const enoch = noteKey('EnochRoot', ed25519.getPublicKey(enochsSeed), sha256);
const both = `${TEXT}\n${PETERS_LINE}${ENOCHS_LINE}`;
const open = (note: string, keys = [peter]) => openNote(note, keys);

describe('a verifier key', () => {
  // The second is that of the Go checksum database, as every Go release carries it.
  it.each([PETER, 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8'])('%s', (line) => {
    expect(formatNoteKey(parseNoteKey(line, sha256))).toBe(line);
  });

  it('is read back whatever the key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (publicKey) => {
        const key = noteKey('example.com/log/1', publicKey, sha256);
        expect(parseNoteKey(formatNoteKey(key), sha256)).toStrictEqual({
          ...key,
          publicKey: Uint8Array.from(publicKey),
        });
      }),
    );
  });

  it('has no other spelling and no part that is a key', () => {
    for (let from = 0; from <= PETER.length; from += 1) {
      for (let to = from + 1; to <= PETER.length; to += 1) {
        if (from === 0 && to === PETER.length) continue;
        expect(codeOf(() => parseNoteKey(PETER.slice(from, to), sha256))).toBe('key_malformed');
      }
    }
    for (let at = 0; at < PETER.length; at += 1) {
      const next = String.fromCharCode(PETER.charCodeAt(at) + 1);
      expect(codeOf(() => parseNoteKey(PETER.slice(0, at) + next + PETER.slice(at + 1), sha256))).toBe('key_malformed');
    }
    for (const bad of [
      // A key of the wrong length and one of an unknown type, each with the hash that fits (note_test.go).
      'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==',
      'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
      PETER.replace('c74f20a3', 'C74F20A3'),
    ]) {
      expect(codeOf(() => parseNoteKey(bad, sha256))).toBe('key_malformed');
    }
  });

  it.each(['', 'a b', 'a+b', 'a\u00a0b', 'a\u2003b', 'a\u3000b', 'a\u0085b', 'a\nb', 'a\u0000b', 'a\ud800'])(
    'has no name %j',
    (name) => expect(codeOf(() => noteKey(name, peter.publicKey, sha256))).toBe('key_malformed'),
  );
});

describe('a published note', () => {
  it('opens with its key', () => {
    expect(open(`${TEXT}\n${PETERS_LINE}`)).toBe(TEXT);
  });

  it('is what we sign', () => {
    const sign = (message: Uint8Array) => ed25519.sign(message, PETERS_SEED);
    expect(signNote(TEXT, peter, sign)).toBe(`${TEXT}\n${PETERS_LINE}`);
    const signature = ed25519.sign(utf8(TEXT), enochsSeed);
    expect(
      noteOf(TEXT, [
        { key: peter, signature: sign(utf8(TEXT)) },
        { key: enoch, signature },
      ]),
    ).toBe(both);
  });

  // c2sp.org/signed-note
  it('of the specification has the parts it shows', () => {
    const text = 'Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n';
    const line = 'NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=';
    const note = parseNote(`${text}\n— quasimodo.example/salvatore ${line}\n`);
    expect(note.text).toBe(text);
    expect(note.signatures.map(({ name, id }) => [name, id])).toStrictEqual([
      ['quasimodo.example/salvatore', '367ba04b'],
    ]);
  });
});

describe('a signed note', () => {
  it('says its text once a known key signed, and ignores the others', () => {
    expect(open(both, [peter, enoch])).toBe(TEXT);
    expect(open(both, [enoch])).toBe(TEXT);
    expect(open(both)).toBe(TEXT);
    expect(open(both.replace('EnochRoot rwz+eBzm', 'EnochRoot rwz+eBzn'))).toBe(TEXT);
  });

  it('says nothing without a known key', () => {
    expect(codeOf(() => open(both, []))).toBe('note_unsigned');
    expect(codeOf(() => open(`${TEXT}\n${ENOCHS_LINE}`))).toBe('note_unsigned');
    const namesake = { ...enoch, name: peter.name };
    expect(codeOf(() => open(`${TEXT}\n${PETERS_LINE}`, [namesake]))).toBe('note_unsigned');
    const sameId = { ...enoch, id: peter.id };
    expect(codeOf(() => open(`${TEXT}\n${PETERS_LINE}`, [sameId]))).toBe('note_unsigned');
  });

  it('is refused for a bad signature of a known key, even beside a good one', () => {
    const forged = `${TEXT}\n${PETERS_LINE}${PETERS_LINE.replace('/ZJku', '/ZJkv')}`;
    expect(codeOf(() => open(forged))).toBe('note_forged');
    expect(codeOf(() => open(both.replace('problem is', 'problem was')))).toBe('note_forged');
    expect(codeOf(() => open(both, [{ ...peter, publicKey: enoch.publicKey }]))).toBe('note_forged');
    const short = noteOf(TEXT, [{ key: peter, signature: new Uint8Array(63) }]);
    expect(codeOf(() => open(short))).toBe('note_forged');
  });

  it('is refused after any flipped bit', () => {
    const note = utf8(`${TEXT}\n${PETERS_LINE}`);
    for (let bit = 0; bit < note.length * 8; bit += 1) {
      const edited = note.slice();
      edited[bit >> 3]! ^= 1 << (bit & 7);
      expect(codeOf(() => open(new TextDecoder().decode(edited)))).not.toBe('accepted');
    }
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['no signature', TEXT],
    ['no signature after the empty line', `${TEXT}\n`],
    ['no empty line', TEXT + PETERS_LINE],
    ['no line end', `${TEXT}\n${PETERS_LINE.trimEnd()}`],
    ['an empty line at the end', `${TEXT}\n${PETERS_LINE}\n`],
    ['a line after the signatures', `${TEXT}\n${PETERS_LINE}more\n`],
    ['a hyphen for the dash', `${TEXT}\n${PETERS_LINE.replace('—', '-')}`],
    ['a carriage return', `${TEXT.replace('\n', '\r\n')}\n${PETERS_LINE}`],
    ['a tab', `${TEXT.replace(' ', '\t')}\n${PETERS_LINE}`],
    ['a NUL', `${TEXT.replace(' ', '\u0000')}\n${PETERS_LINE}`],
    ['two spaces', `${TEXT}\n${PETERS_LINE.replace('Neumann ', 'Neumann  ')}`],
    ['a space at the end', `${TEXT}\n${PETERS_LINE.replace('\n', ' \n')}`],
    ['a name with a plus', `${TEXT}\n${PETERS_LINE.replace('Neumann', '+')}`],
    ['no name', `${TEXT}\n${PETERS_LINE.replace('PeterNeumann', '')}`],
    ['base64 in another spelling', `${TEXT}\n${PETERS_LINE.replace('AM=', 'AN=')}`],
    ['a signature of four bytes', `${TEXT}\n— PeterNeumann x08gow==\n`],
  ])('is refused with %s', (_, note) => {
    expect(codeOf(() => open(note))).toBe('note_malformed');
    expect(codeOf(() => parseNote(note))).toBe('note_malformed');
  });

  it('is refused when it is no text, too large or has too many signatures', () => {
    const lines = (count: number): string => `${TEXT}\n${ENOCHS_LINE.repeat(count - 1)}${PETERS_LINE}`;
    expect(codeOf(() => open(lines(16)))).toBe('accepted');
    expect(codeOf(() => open(lines(17)))).toBe('note_malformed');
    expect(codeOf(() => open(`\ud800${lines(1)}`))).toBe('note_malformed');
    expect(codeOf(() => open('x'.repeat(1_000_000) + lines(1)))).toBe('note_malformed');
  });

  it('is not made of a text that could not be read back', () => {
    const signature = new Uint8Array(64);
    for (const text of ['', 'no line end', 'a\tb\n', 'a\rb\n', '\ud800\n']) {
      expect(codeOf(() => noteOf(text, [{ key: peter, signature }]))).toBe('note_malformed');
    }
    expect(codeOf(() => noteOf(TEXT, []))).toBe('note_malformed');
  });

  it('reads back every text it is made of', () => {
    const line = fc.string({ unit: 'grapheme' }).filter((text) => !/[\u0000-\u001f\u007f]/.test(text));
    fc.assert(
      fc.property(fc.array(line, { minLength: 1 }), (list) => {
        const text = list.map((each) => `${each}\n`).join('');
        const note = signNote(text, enoch, (message) => ed25519.sign(message, enochsSeed));
        expect(open(note, [enoch])).toBe(text);
        expect(parseNote(note).signatures.map(({ name, id }) => [name, id])).toStrictEqual([[enoch.name, enoch.id]]);
      }),
      { numRuns: 30 },
    );
  });
});
