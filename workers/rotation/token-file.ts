import { createHash, randomBytes } from 'node:crypto';
import { copyFile, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StepFailure } from '../../activities/rotation/strategy.ts';

/** Read and written by its owner alone. */
const PRIVATE = 0o600;
const OTHERS = 0o077;

/** The token of a file, without the line's end. Throws `StepFailure`: token_file_unreadable, token_file_exposed. */
export async function readToken(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new StepFailure('token_file_unreadable', { retry: true });
  });
  const { mode } = await stat(path);
  if ((mode & OTHERS) !== 0) throw new StepFailure('token_file_exposed');
  return text.trim();
}

/** As `readToken`; undefined where there is no such file. */
export async function tokenIfThere(path: string): Promise<string | undefined> {
  return (await exists(path)) ? readToken(path) : undefined;
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** What a token is called where it must not be shown. */
export const digestOf = (token: string): string => createHash('sha256').update(token, 'utf8').digest('hex');

/** 256 random bits, of characters that every header takes. */
export const newToken = (): string => `ilk_${randomBytes(32).toString('base64url')}`;

/** On the disk, whole and for its owner alone, when this returns. */
export async function writeToken(path: string, token: string): Promise<void> {
  await rm(path, { force: true });
  const file = await open(path, 'wx', PRIVATE);
  try {
    await file.writeFile(`${token}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

export async function keepCopy(from: string, to: string): Promise<void> {
  await rm(to, { force: true });
  await copyFile(from, to);
  const file = await open(to, 'r+');
  try {
    await file.chmod(PRIVATE);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Replaces `to` in one step, and has the folder remember it. */
export async function moveOver(from: string, to: string): Promise<void> {
  await rename(from, to);
  const folder = await open(dirname(to), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export const removeToken = (path: string): Promise<void> => rm(path, { force: true });
