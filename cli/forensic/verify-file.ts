import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { ForensicProblem } from '../../domain/forensic/problem.ts';
import { verifyBundle } from '../../domain/forensic/verify.ts';
import type { ForensicVerdict } from '../../domain/forensic/verify.ts';
import type { ForensicTrust } from '../../domain/forensic/signatures.ts';
import { UsageError } from '../errors.ts';
import { natives } from './natives.ts';

export interface FileVerdict extends Omit<ForensicVerdict, 'problems'> {
  file: string;
  unaltered: boolean;
  /** Of the file. */
  sha256: string;
  /** Against the checksum file beside it, where there is one. */
  sha256_file: 'good' | 'bad' | 'unchecked';
  problems: (Omit<ForensicProblem, 'code'> & { code: ForensicProblem['code'] | 'checksum_differs' })[];
}

/** Reads a bundle once, however large. `seen` is told how much of it was read. Errors: UsageError. */
export async function verifyFile(
  file: string,
  trust: ForensicTrust,
  seen: (part: { done: number; of: number }) => void,
): Promise<FileVerdict> {
  const handle = await openFile(file);
  const of = (await handle.stat()).size;
  const sha256 = createHash('sha256');
  async function* chunks(): AsyncGenerator<Uint8Array> {
    let done = 0;
    for await (const chunk of handle.createReadStream({ highWaterMark: 256 * 1024 })) {
      const bytes = chunk as Buffer;
      sha256.update(bytes);
      seen({ done: (done += bytes.length), of });
      yield bytes;
    }
  }
  const source = chunks();
  const { problems: found, ...verdict } = await verifyBundle(keptOpen(source), trust, natives);
  // Where a bundle cannot be read any further its checksum is still of the whole file.
  while ((await source.next()).done !== true);
  const digest = sha256.digest('hex');
  const sha256_file = checksum(file, digest);
  const problems: FileVerdict['problems'] = [...found];
  if (sha256_file === 'bad')
    problems.push({
      code: 'checksum_differs',
      where: `${file}.sha256`,
      detail: 'the file is not the one it was made of',
    });
  const problem_count = verdict.problem_count + (sha256_file === 'bad' ? 1 : 0);
  return { file, unaltered: problem_count === 0, sha256: digest, sha256_file, ...verdict, problems, problem_count };
}

/** The same values, without ending the source when the reader stops early. */
async function* keptOpen(source: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
}

async function openFile(file: string): Promise<FileHandle> {
  const refuse = (code: string) => new UsageError(`${file} cannot be read (${code})`, 'forensic verify');
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw refuse(String((error as { code?: unknown }).code));
  });
  if (!(await handle.stat()).isDirectory()) return handle;
  await handle.close();
  throw refuse('EISDIR');
}

/** As sha256sum writes it: the digest, two blanks, a name. */
function checksum(file: string, digest: string): FileVerdict['sha256_file'] {
  let text: string;
  try {
    text = readFileSync(`${file}.sha256`, 'utf8');
  } catch {
    return 'unchecked';
  }
  return text.split(/\s/)[0] === digest ? 'good' : 'bad';
}
