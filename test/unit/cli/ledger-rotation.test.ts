import { describe, expect, it } from 'vitest';
import { signRotation } from '../../../domain/ledger/key-rotation.ts';
import { noteOf, parseNote } from '../../../domain/ledger/note.ts';
import { ORIGIN, rotatedLog, signerOf } from '../ledger/rotated-log.ts';
import type { RotatedOptions } from '../ledger/rotated-log.ts';
import { writeLog } from './log-server.ts';
import { run } from './run.ts';

const log = rotatedLog([1, 2, 3]);

async function verify(files: Map<string, Uint8Array>, key: string) {
  const ran = await run(['ledger', 'verify', writeLog({ files }), '--json', '--key', key]);
  const answer = JSON.parse(ran.out) as { key_changes: number; findings: { code: string; at: number }[] };
  return { code: ran.code, changes: answer.key_changes, found: answer.findings.map((f) => `${f.code} ${f.at}`) };
}
const verified = (changes: number) => ({ code: 0, changes, found: [] });

describe('a log whose key was replaced', () => {
  it.each([0, 1, 2])('is verified by the key of generation %i', async (n) => {
    expect(await verify(log.files, log.signers[n]!.line)).toEqual(verified(2 - n));
  });

  it('is not verified by a key that nothing leads from, nor without the statements', async () => {
    expect(await verify(log.files, signerOf(9).line)).toMatchObject({
      code: 1,
      found: ['key_mismatch null', 'note_unsigned null'],
    });
    const without = new Map(log.files);
    without.delete('keys');
    expect(await verify(without, log.signers[0]!.line)).toMatchObject({ code: 1 });
    expect(await verify(without, log.signers[2]!.line)).toEqual(verified(0));
  });

  it('is not verified where the old key or the new one did not sign, or a statement was changed', async () => {
    const [first, second] = log.signers;
    const whole = log.archive.keys[1]!.note!;
    const { text } = parseNote(whole);
    const lines = whole.split('\n— ');
    const stranger = signerOf(9);
    const at = { origin: ORIGIN, size: 40, root: log.root };
    const notes = {
      note_unsigned: [`${lines[0]}\n— ${lines[1]}\n`, `${lines[0]}\n— ${lines[2]}`],
      note_forged: [whole.replace('\n40\n', '\n41\n')],
      note_malformed: [
        noteOf(text.replace('version 1', 'version 2'), [{ key: first!.key, signature: new Uint8Array(64) }]),
      ],
      // Both signed, but it is no key of the one who is trusted.
      key_malformed: [signRotation(at, [stranger, second!])],
    };
    for (const [code, wrong] of Object.entries(notes))
      for (const note of wrong) {
        const keys = log.archive.keys.map((key, n) => (n === 1 ? { ...key, note } : key));
        const files = new Map(log.files).set('keys', Buffer.from(JSON.stringify({ ...log.archive, keys })));
        const { found } = await verify(files, first!.line);
        expect([code, found[0]]).toEqual([code, code === 'key_malformed' ? 'key_mismatch null' : `${code} null`]);
      }
  });

  it('is found where the log does not say what two keys signed', async () => {
    const changed: [NonNullable<RotatedOptions['leaf']>, string[]][] = [
      [(n, detail) => (n === 1 ? null : detail), ['rotation_missing 40']],
      [(n, detail) => (n === 2 ? null : detail), ['rotation_missing 81', 'rotation_missing 121']],
      [
        (n, detail) => (n === 2 ? { ...detail, new_key: 'x' } : detail),
        ['rotation_invalid 81', 'rotation_missing 81', 'rotation_missing 121'],
      ],
    ];
    for (const [leaf, found] of changed) {
      const { files, signers } = rotatedLog([1, 2, 3], 40, { leaf });
      expect(await verify(files, signers[0]!.line)).toMatchObject({ code: 1, found });
    }
  });

  it('is found where what was before the handover is another past than the one that was handed over', async () => {
    const other = rotatedLog([1, 2, 3], 41);
    const files = new Map(other.files).set('keys', log.files.get('keys')!);
    expect(await verify(files, log.signers[0]!.line)).toMatchObject({
      code: 1,
      found: ['handover_mismatch 40', 'rotation_missing 40', 'rotation_missing 81'],
    });
  });
});
