import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LEDGER_PATH, PENDING_PATH } from '../../domain/governance/line.ts';
import { replayLedger } from '../../domain/governance/replay.ts';
import { dsseEnvelopeSchema } from '../../domain/signing/dsse.ts';
import type { DsseEnvelope } from '../../domain/signing/dsse.ts';
import type { Answer, Client } from '../client.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { sharedSha256 } from '../sha256.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => Uint8Array.from(sharedSha256(bytes));

/** Hex SHA-256 of bytes, an array of its own each time. */
export const digestOf = sha256;

export const ledgerFile = (folder: string): string => join(folder, LEDGER_PATH);

/** The bytes of a bundle's ledger; none where there is no file. Errors: CliError `unreadable`. */
export async function readLedger(folder: string): Promise<Buffer | undefined> {
  try {
    return await readFile(ledgerFile(folder));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new CliError(`${ledgerFile(folder)} cannot be read (${String(code)})`, 'unreadable', EXIT.no);
  }
}

/** The ledger of a bundle (`sha256:…`) as the server has it. */
export async function servedLedger(client: Client, bundle_digest: string): Promise<Buffer> {
  const lines: string[] = [];
  let path: string | undefined = `/v1/governance/ledgers/${bundle_digest}`;
  while (path !== undefined) {
    const page: Answer<string[]> = await client.get(path);
    lines.push(...page.body);
    path = page.next;
  }
  return Buffer.from(lines.map((line) => `${line}\n`).join(''));
}

/** The first line, from 1, at which two ledgers differ; undefined when one begins with the other. */
export function differingLine(a: Buffer, b: Buffer): number | undefined {
  const length = Math.min(a.length, b.length);
  if (a.subarray(0, length).equals(b.subarray(0, length))) return undefined;
  let at = 0;
  while (a[at] === b[at]) at += 1;
  return a.subarray(0, at).filter((byte) => byte === 0x0a).length + 1;
}

/**
 * Brings the ledger in the folder to where the server’s is, by adding bytes to its end and nothing else: also what an append
 * that was cut off left undone. What the server answers is replayed before a byte of it is written, and the file is read
 * again afterwards. Returns how many bytes were added. Errors: CliError ledger_invalid, ledger_differs, unwritable.
 */
export async function catchUp(client: Client, folder: string, bundle_digest: string): Promise<number> {
  const served = await servedLedger(client, bundle_digest);
  const { problem, bundle } = replayLedger(served, { keys: undefined, now: new Date().toISOString(), sha256 });
  if (problem !== null || bundle?.digest !== bundle_digest)
    throw new CliError(
      `the server’s ledger of the bundle does not replay${problem === null ? '' : `: line ${problem.line}, ${problem.code}`}`,
      'ledger_invalid',
      EXIT.no,
    );
  const own = (await readLedger(folder)) ?? Buffer.alloc(0);
  refuseOther(own, served, folder);
  const missing = served.subarray(own.length);
  if (missing.length > 0) {
    await append(ledgerFile(folder), missing);
    refuseOther((await readLedger(folder)) ?? Buffer.alloc(0), served, folder);
  }
  return missing.length;
}

function refuseOther(own: Buffer, served: Buffer, folder: string): void {
  const line = differingLine(own, served) ?? (own.length > served.length ? countLines(served) + 1 : undefined);
  if (line === undefined) return;
  throw new CliError(
    `${ledgerFile(folder)} is not what the server has: line ${line} differs. Nothing was changed; see governance replay`,
    'ledger_differs',
    EXIT.no,
  );
}

export const countLines = (bytes: Buffer): number => bytes.filter((byte) => byte === 0x0a).length;

async function append(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'a', 0o644);
    try {
      await file.appendFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    const folder = await open(dirname(path), 'r');
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    throw new CliError(`${path} cannot be written (${code})`, 'unwritable', EXIT.no);
  }
}

/** What was signed and asked for, kept until its line has come: whoever asks again after a failure asks for the same. */
export interface Pending {
  /** Hex digest of what the command line said. */
  asked: string;
  not_after: string;
  envelope: DsseEnvelope;
}

/** The envelope of a command that did not come to its end, while it is good. */
export async function pendingEnvelope(folder: string, asked: string, now: string): Promise<DsseEnvelope | undefined> {
  try {
    const pending = JSON.parse(await readFile(join(folder, PENDING_PATH), 'utf8')) as Partial<Pending>;
    const envelope = dsseEnvelopeSchema.safeParse(pending.envelope);
    const good = pending.asked === asked && Date.parse(pending.not_after ?? '') > Date.parse(now);
    return good && envelope.success ? envelope.data : undefined;
  } catch {
    return undefined;
  }
}

/** Errors: CliError `unwritable`. */
export async function keepPending(folder: string, pending: Pending): Promise<void> {
  const path = join(folder, PENDING_PATH);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.tmp`, JSON.stringify(pending), { mode: 0o600, flush: true });
    await rename(`${path}.tmp`, path);
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    throw new CliError(`${path} cannot be written (${code})`, 'unwritable', EXIT.no);
  }
}

export const forgetPending = (folder: string): Promise<void> => rm(join(folder, PENDING_PATH), { force: true });
