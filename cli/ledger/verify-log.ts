import type { Checkpoint } from '../../domain/ledger/checkpoint.ts';
import { LedgerError } from '../../domain/ledger/error.ts';
import { formatNoteKey } from '../../domain/ledger/note.ts';
import type { NoteKey } from '../../domain/ledger/note.ts';
import { CopyVerifier, edgeOf, stepsOf } from '../../domain/ledger/verify-copy.ts';
import type { TileName } from '../../domain/ledger/tile.ts';
import { sharedSha256 } from '../sha256.ts';
import { Findings } from './findings.ts';
import { readAhead } from './lanes.ts';
import { LIMITS, stepCount, tileFile, tileLimit } from './log-files.ts';
import type { LogSource } from './log-source.ts';
import { checkpointOf, keyOf } from './open-note.ts';
import type { Trust } from './trusted-key.ts';

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
}

/**
 * The signature of the checkpoint, every tile, every leaf, and that the log continues the one that is remembered. Findings
 * carry the codes of `domain/ledger`. Errors: CliError, where the log cannot be read.
 */
export async function verifyLog(log: LogSource, trust: Trust, progress: VerifyProgress): Promise<Verified> {
  const findings = new Findings();
  const key = await keyFor(log, trust, findings);
  const checkpoint = key === undefined ? undefined : await openedCheckpoint(log, key, findings);
  if (checkpoint !== undefined) await verifyTree(log, checkpoint, trust, findings, progress);
  return { findings, checkpoint, key: key === undefined ? undefined : formatNoteKey(key) };
}

const whole = (code: LogCode, where: string) => ({ code, at: null, count: null, where });
type LogCode = Parameters<Findings['add']>[0]['code'];

/** The key that is trusted, else the one that lies with the log, which has to be the same where both are there. */
async function keyFor(log: LogSource, trust: Trust, findings: Findings): Promise<NoteKey | undefined> {
  const bytes = await log.read('key', LIMITS.note);
  if (bytes === null) {
    if (trust.key === undefined) findings.add(whole('key_missing', 'key'));
    return trust.key;
  }
  try {
    const own = keyOf(bytes);
    if (trust.key === undefined) return own;
    if (formatNoteKey(own) !== formatNoteKey(trust.key)) findings.add(whole('key_mismatch', 'key'));
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    findings.add(whole(error.code, 'key'));
  }
  return trust.key;
}

async function openedCheckpoint(log: LogSource, key: NoteKey, findings: Findings): Promise<Checkpoint | undefined> {
  const bytes = await log.read('checkpoint', LIMITS.note);
  if (bytes === null) findings.add(whole('checkpoint_missing', 'checkpoint'));
  else {
    try {
      return checkpointOf(bytes, key);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      findings.add(whole(error.code, 'checkpoint'));
    }
  }
  return undefined;
}

async function verifyTree(
  log: LogSource,
  checkpoint: Checkpoint,
  { remembered }: Trust,
  findings: Findings,
  progress: VerifyProgress,
): Promise<void> {
  const { size } = checkpoint;
  progress.of = stepCount(size);
  const verifier = new CopyVerifier(checkpoint, {
    sha256: sharedSha256,
    report: ({ code, at, count, detail }) => findings.add({ code, at, count, where: detail }),
  });
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
    verifier.step(step, tiles, bundle);
    progress.done += 1;
    if (findings.enough) return;
  }
  verifier.finish();
}
