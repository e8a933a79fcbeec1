import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller } from '../../db/command/caller.ts';
import { coveredSize, lastWaiting, recordLines } from '../../db/read/log-records.ts';
import { snapshot } from '../../db/snapshot.ts';
import type { RecordLine } from '../../domain/ledger/records-file.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import type { ApiDeps } from '../deps.ts';
import { Spool } from '../forensic/spool.ts';
import { requirePublished } from '../published-log.ts';
import type { ByteStream } from '../reply.ts';

/** Made or sent at the same time by one process: each holds a database session, then a place on the disk. */
const AT_ONCE = 2;
const underWay = { count: 0 };

/** How long the sequencer has for the entries of the moment. */
const COVERED_WITHIN_MS = 10_000;
const LOOK_AGAIN_MS = 20;

const lineOf = (line: RecordLine): string => `${JSON.stringify(line)}\n`;

/**
 * What is on record for the caller's workspace as of one moment, as the lines of `records-file`; sent once a signed checkpoint
 * covers all entries of that moment. Errors: ledger_unpublished, log_signer_unavailable, spool_unavailable, too_many_requests.
 */
export async function exportRecords(
  { db, about }: Pick<ApiDeps, 'db' | 'about'>,
  { workspace_id }: Caller,
): Promise<ByteStream> {
  if (underWay.count >= AT_ONCE) throw new DomainError('too_many_requests');
  underWay.count += 1;
  let spool: Spool | undefined;
  const close = async () => {
    underWay.count -= 1;
    await spool?.close();
  };
  try {
    const own = (spool = await Spool.open(about.stateRoot));
    const digest = createHash('sha256');
    const { epoch, waiting } = await snapshot(db, async (tx) => {
      const log = await requirePublished({ db: tx });
      for await (const page of recordLines(tx, workspace_id, log)) {
        const bytes = Buffer.from(page.map(lineOf).join(''));
        digest.update(bytes);
        await own.write(bytes);
      }
      return { epoch: log.epoch, waiting: await lastWaiting(tx) };
    });
    const deadline = performance.now() + COVERED_WITHIN_MS;
    let size = await coveredSize(db, epoch, waiting);
    for (; size === null; size = await coveredSize(db, epoch, waiting)) {
      if (performance.now() >= deadline) throw new DomainError('log_signer_unavailable');
      await sleep(LOOK_AGAIN_MS);
    }
    await own.write(Buffer.from(lineOf({ kind: 'end', size, digest: digest.digest('hex') })));
    return { length: own.size, chunks: () => own.read(0, own.size), close };
  } catch (error) {
    await close();
    throw error;
  }
}
