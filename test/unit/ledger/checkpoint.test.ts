import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCheckpoint, openCheckpoint, parseCheckpoint } from '../../../domain/ledger/checkpoint.ts';
import type { Checkpoint } from '../../../domain/ledger/checkpoint.ts';
import { LedgerError } from '../../../domain/ledger/error.ts';
import { noteKey, parseNoteKey, signNote } from '../../../domain/ledger/note.ts';
import { toBase64 } from '../../../domain/signing/base64.ts';
import { sha256 } from './naive-tree.ts';

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof LedgerError) return error.code;
    throw error;
  }
  return 'accepted';
};

const ROOT = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=';
const text = (origin = 'example.com/log', size = '20852163', root = ROOT, more = ''): string =>
  `${origin}\n${size}\n${root}\n${more}`;

describe('a published checkpoint', () => {
  // The example of c2sp.org/tlog-checkpoint, which is this one under another name.
  it('of the Go checksum database opens with its key', () => {
    const key = parseNoteKey('sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8', sha256);
    const note =
      `go.sum database tree\n20852163\n${ROOT}\n\n— sum.golang.org ` +
      'Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n';
    const checkpoint = openCheckpoint(note, [key], 'go.sum database tree');
    expect({ ...checkpoint, root: toBase64(checkpoint.root) }).toStrictEqual({
      origin: 'go.sum database tree',
      size: 20852163,
      root: ROOT,
      extensions: [],
    });
    expect(codeOf(() => openCheckpoint(note, [key], 'sum.golang.org'))).toBe('origin_mismatch');
    expect(codeOf(() => openCheckpoint(note.replace('163\n', '164\n'), [key], 'go.sum database tree'))).toBe(
      'note_forged',
    );
  });
});

describe('the text of a checkpoint', () => {
  const checkpoints = fc.record({
    origin: fc.stringMatching(/^[a-z0-9./ —]{1,30}$/),
    size: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    extensions: fc.array(fc.stringMatching(/^[ -~]{1,30}$/), { maxLength: 3 }),
  });

  it('is read back, extension lines and all', () => {
    fc.assert(
      fc.property(checkpoints, (checkpoint) => {
        const read = parseCheckpoint(formatCheckpoint(checkpoint));
        expect(read).toStrictEqual({ ...checkpoint, root: Uint8Array.from(checkpoint.root) });
      }),
    );
  });

  it('has one spelling', () => {
    const good = parseCheckpoint(text());
    expect(formatCheckpoint(good)).toBe(text());
    expect(parseCheckpoint(text('o', '0')).size).toBe(0);
    expect(parseCheckpoint(text('o', '7', ROOT, 'a\nb\n')).extensions).toStrictEqual(['a', 'b']);
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['two lines', 'o\n5\n'],
    ['no line end', text().trimEnd()],
    ['no origin', text('')],
    ['no size', text('o', '')],
    ['a leading zero', text('o', '05')],
    ['two zeros', text('o', '00')],
    ['a sign', text('o', '+5')],
    ['a negative size', text('o', '-5')],
    ['a space', text('o', '5 ')],
    ['hexadecimal', text('o', '0x5')],
    ['an exponent', text('o', '1e3')],
    ['other digits', text('o', '٥')],
    ['a size beyond 2^53', text('o', '9007199254740993')],
    ['no root', text('o', '5', '')],
    ['a short root', text('o', '5', ROOT.slice(4))],
    ['a root in another spelling', text('o', '5', ROOT.replace('2I=', '2J='))],
    ['a root without padding', text('o', '5', ROOT.replace('=', ''))],
    ['an empty line', text('o', '5', ROOT, '\n')],
    ['an empty line between extensions', text('o', '5', ROOT, 'a\n\nb\n')],
    ['an empty first line', `\n${text()}`],
  ])('is refused with %s', (_, bad) => {
    expect(codeOf(() => parseCheckpoint(bad))).toBe('checkpoint_malformed');
  });

  it('is not written of what could not be read back', () => {
    const good = parseCheckpoint(text());
    const bad: Partial<Checkpoint>[] = [
      { origin: '' },
      { origin: 'a\nb' },
      { extensions: [''] },
      { extensions: ['a\nb'] },
      { origin: 'a\n5' },
      { size: -1 },
      { size: 0.5 },
      { size: 2 ** 53 },
      { root: new Uint8Array(31) },
    ];
    for (const each of bad) {
      expect(codeOf(() => formatCheckpoint({ ...good, ...each }))).toBe('checkpoint_malformed');
    }
  });

  it('counts only in a note that the log signed', () => {
    const key = noteKey('example.com/log', ed25519.getPublicKey(new Uint8Array(32)), sha256);
    const sign = (message: Uint8Array) => ed25519.sign(message, new Uint8Array(32));
    expect(openCheckpoint(signNote(text(), key, sign), [key], 'example.com/log').size).toBe(20852163);
    const other = signNote('no checkpoint\n', key, sign);
    expect(codeOf(() => openCheckpoint(other, [key], 'example.com/log'))).toBe('checkpoint_malformed');
    expect(codeOf(() => openCheckpoint(other, [], 'example.com/log'))).toBe('note_unsigned');
  });
});
