import { closeSync, copyFileSync, mkdirSync, openSync, readSync, statSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';

const limitBytes = 16 * 1024 * 1024;

/**
 * The log file of one child. The child writes to it directly, so its last words are kept whatever happens to the
 * supervisor, and no log line costs the supervisor anything.
 */
export class ProcessLog {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  }

  /** Opens the file for a child, passes the descriptor on and closes it; `offset` is where that child's output begins. */
  lend<Result>(use: (descriptor: number, offset: number) => Result): Result {
    const descriptor = openSync(this.path, 'a', 0o600);
    try {
      return use(descriptor, statSync(this.path).size);
    } finally {
      closeSync(descriptor);
    }
  }

  since(offset: number): string {
    const size = statSync(this.path).size;
    const from = size < offset ? 0 : offset;
    const bytes = Buffer.alloc(size - from);
    const descriptor = openSync(this.path, 'r');
    try {
      return bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, bytes.length, from));
    } finally {
      closeSync(descriptor);
    }
  }

  /** Past 16 MiB the content moves to `<path>.1`. The child keeps its descriptor, which appends, so it starts over at 0. */
  rotate(): void {
    if ((statSync(this.path, { throwIfNoEntry: false })?.size ?? 0) < limitBytes) return;
    copyFileSync(this.path, `${this.path}.1`);
    truncateSync(this.path);
  }
}
