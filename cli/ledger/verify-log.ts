import type { Checkpoint } from '../../domain/ledger/checkpoint.ts';
import { LedgerError } from '../../domain/ledger/error.ts';
import { KEY_ROTATED } from '../../domain/ledger/key-rotation.ts';
import type { KeyRotation } from '../../domain/ledger/key-rotation.ts';
import { formatNoteKey } from '../../domain/ledger/note.ts';
import type { NoteKey } from '../../domain/ledger/note.ts';
import { RotationCheck } from '../../domain/ledger/rotation-check.ts';
import type { Report } from '../../domain/ledger/verify.ts';
import { CopyVerifier, edgeOf, stepsOf } from '../../domain/ledger/verify-copy.ts';
import type { TileName } from '../../domain/ledger/tile.ts';
import { sharedSha256 } from '../sha256.ts';
import { Findings } from './findings.ts';
import { readAhead } from './lanes.ts';
import { LIMITS, stepCount, tileFile, tileLimit } from './log-files.ts';
import { readArchive, rotationsTo } from './log-key.ts';
import type { LogSource } from './log-source.ts';
import { checkpointOf, keyOf } from './open-note.ts';
import { NO_RECORDS, RecordsVerifier } from './verify-records.ts';
import type { RecordsVerdict } from './verify-records.ts';
import type { Trust } from './trusted-key.ts';

/** Only leaves that have it are looked at: to parse each would take longer than to hash it. */
const ROTATION = `"action":"${KEY_ROTATED}"`;

/** Steps that are read ahead: what is kept of a log while it is verified, whatever its size. */
const DEPTH = 8;

export interface VerifyProgress {
  done: number;
  of: number;
}

export interface Verified {
  findings: Findings;
  /** Undefined where none could be opened; what is wrong is then among the findings. */
  checkpoint: Checkpoint | undefined;
  /** The key line that the checkpoint was opened with. */
  key: string | undefined;
  /** What of the copy's records was held against the log. */
  records: RecordsVerdict;
  /** How many changes of the key lead to it from the one that was trusted. */
  keyChanges: number;
}

/**
 * The signature of the checkpoint, every tile, every leaf, and that the log continues the one that is remembered. Findings
 * carry the codes of `domain/ledger`. Errors: CliError, where the log cannot be read.
 */
export async function verifyLog(log: LogSource, trust: Trust, progress: VerifyProgress): Promise<Verified> {
  const findings = new Findings();
  const { key, followed } = await keyFor(log, trust, findings);
  const checkpoint = key === undefined ? undefined : await openedCheckpoint(log, key, findings);
  const records =
    checkpoint !== undefined && key !== undefined
      ? await verifyTree(log, { checkpoint, key, followed }, trust, findings, progress)
      : NO_RECORDS;
  return {
    findings,
    checkpoint,
    records,
    key: key === undefined ? undefined : formatNoteKey(key),
    keyChanges: followed.length,
  };
}

const whole = (code: LogCode, where: string) => ({ code, at: null, count: null, where });
type LogCode = Parameters<Findings['add']>[0]['code'];

interface Opening {
  key: NoteKey | undefined;
  /** What leads to it from the trusted key. */
  followed: KeyRotation[];
}

/**
 * The key that lies with the log: where another is trusted it has to have been signed for, from key to key; else the
 * checkpoint is held against the trusted one.
 */
async function keyFor(log: LogSource, trust: Trust, findings: Findings): Promise<Opening> {
  const trusted = { key: trust.key, followed: [] };
  const bytes = await log.read('key', LIMITS.note);
  if (bytes === null) {
    if (trust.key === undefined) findings.add(whole('key_missing', 'key'));
    return trusted;
  }
  let file = 'key';
  try {
    const own = keyOf(bytes);
    if (trust.key === undefined || formatNoteKey(own) === formatNoteKey(trust.key)) return { key: own, followed: [] };
    file = 'keys';
    const followed = rotationsTo(own, trust.key, await readArchive(log));
    if (followed !== undefined) return { key: own, followed };
    findings.add(whole('key_mismatch', 'key'));
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    findings.add(whole(error.code, file));
  }
  return trusted;
}

async function openedCheckpoint(log: LogSource, key: NoteKey, findings: Findings): Promise<Checkpoint | undefined> {
  const bytes = await log.read('checkpoint', LIMITS.note);
  if (bytes === null) findings.add(whole('checkpoint_missing', 'checkpoint'));
  else {
    try {
      return checkpointOf(bytes, [key]);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      findings.add(whole(error.code, 'checkpoint'));
    }
  }
  return undefined;
}

async function verifyTree(
  log: LogSource,
  { checkpoint, key, followed }: { checkpoint: Checkpoint; key: NoteKey; followed: KeyRotation[] },
  { remembered }: Trust,
  findings: Findings,
  progress: VerifyProgress,
): Promise<RecordsVerdict> {
  const { size } = checkpoint;
  progress.of = stepCount(size);
  const report: Report = ({ code, at, count, detail }) => findings.add({ code, at, count, where: detail });
  const records = await RecordsVerifier.open(log, checkpoint, findings);
  const rotations = new RotationCheck({ origin: checkpoint.origin, sha256: sharedSha256, report }, followed);
  const verifier = new CopyVerifier(checkpoint, {
    sha256: sharedSha256,
    report,
    onLeaf: (index, leaf) => {
      const bytes = Buffer.from(leaf.buffer, leaf.byteOffset, leaf.length);
      if (bytes.includes(ROTATION)) rotations.leaf(index, leaf);
      records?.leaf(index, bytes);
    },
  });
  for (const at of followed) if (at.size <= size) verifier.expect({ size: at.size, root: at.root, from: 'handover' });
  if (remembered !== undefined) {
    if (remembered.origin !== checkpoint.origin) findings.add(whole('origin_mismatch', 'the remembered checkpoint'));
    else if (remembered.size <= size) verifier.expect({ ...remembered, from: 'remembered' });
    else {
      const where = `a remembered root covers ${remembered.size} leaves`;
      findings.add({ code: 'log_short', at: size, count: remembered.size - size, where });
    }
  }
  const file = (name: TileName) => log.read(tileFile(name), tileLimit(name));
  verifier.edge(await Promise.all(edgeOf(size).map(file)));
  const read = readAhead(stepsOf(size), DEPTH, ({ tiles, entries }) =>
    Promise.all([Promise.all(tiles.map(file)), file(entries)]),
  );
  for await (const [step, [tiles, bundle]] of read) {
    for (const expected of (await records?.anchorsUpTo(verifier.size + step.entries.width)) ?? [])
      verifier.expect(expected);
    verifier.step(step, tiles, bundle);
    progress.done += 1;
    if (findings.enough) return NO_RECORDS;
  }
  for (const expected of (await records?.anchorsUpTo(Number.POSITIVE_INFINITY)) ?? []) verifier.expect(expected);
  verifier.finish();
  rotations.finish(key, size);
  return (await records?.finish()) ?? NO_RECORDS;
}
