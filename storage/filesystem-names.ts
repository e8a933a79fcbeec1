import { chmod, link, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Blobs are read-only, and so are their folders but for the moment in which one gets a name or loses it. */
export const MODES = { blob: 0o400, sealed: 0o500, open: 0o700 } as const;
/** Another process may seal a folder between our opening it and our writing to it. */
const ATTEMPTS = 5;

/** What gives a draft its name: at once, or not at all, and never in place of another. */
export interface FilesystemSteps {
  link: (draft: string, path: string) => Promise<void>;
}

export const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | null)?.code;

/** The names under a folder, one change at a time; a change is flushed before it resolves. */
export class FilesystemNames {
  readonly #root: string;
  readonly #steps: FilesystemSteps;
  #changing: Promise<unknown> = Promise.resolve();

  constructor(root: string, steps: FilesystemSteps = { link }) {
    this.#root = resolve(root);
    this.#steps = steps;
  }

  /** False when the name is taken. */
  give(draft: string, path: string): Promise<boolean> {
    return this.#alone(() =>
      this.#changed(path, async () => {
        try {
          await this.#steps.link(draft, path);
          return true;
        } catch (error) {
          if (codeOf(error) === 'EEXIST') return false;
          throw error;
        }
      }),
    );
  }

  /** Whatever had the name before has none any more; the draft has this one alone. */
  async move(draft: string, path: string): Promise<void> {
    await this.#alone(() =>
      this.#changed(path, async () => {
        await rename(draft, path);
        return true;
      }),
    );
  }

  /** False when there is no such name. */
  take(path: string): Promise<boolean> {
    return this.#alone(() =>
      this.#changed(path, async () => {
        try {
          await unlink(path);
          return true;
        } catch (error) {
          if (codeOf(error) === 'ENOENT') return false;
          throw error;
        }
      }),
    );
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changing.then(work);
    this.#changing = done.catch(() => undefined);
    return done;
  }

  async #changed(path: string, change: () => Promise<boolean>): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      const folders = await this.#openFolders(dirname(path));
      try {
        const changed = await change();
        if (changed) for (const folder of folders) await flush(folder);
        return changed;
      } catch (error) {
        if (codeOf(error) !== 'EACCES' || attempt === ATTEMPTS) throw error;
      } finally {
        for (const folder of folders.slice(0, -1)) await chmod(folder, MODES.sealed);
      }
    }
  }

  /** The folders from this one up to the root, there and open; a new one needs the one above to be flushed as well. */
  async #openFolders(folder: string): Promise<string[]> {
    if (folder === this.#root) return [folder];
    const above = await this.#openFolders(dirname(folder));
    await mkdir(folder, { mode: MODES.open }).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
    await chmod(folder, MODES.open);
    return [folder, ...above];
  }
}

/** Of a folder these are its names, of a file its bytes. */
export async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
