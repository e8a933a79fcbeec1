// Auth trail: who was refused, and what was done with tokens, one JSON object a line, on this machine.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  mkdirSync,
  chmodSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/** `code` is a word, `source` the address that asked; nothing of a token or its digest belongs in here. */
export interface AuthEvent {
  code: string;
  source: string;
  actor?: string | undefined;
  detail?: Readonly<Record<string, string | number | boolean | null>> | undefined;
}

export interface AuthTrail {
  /** Appends one line with one write; a trail that cannot be written refuses nobody and is reported. */
  write: (event: AuthEvent) => void;
  close: () => void;
}

export interface TrailOptions {
  onTrouble?: (error: unknown) => void;
  /** A file this long gets another name, and so many of these are kept. */
  maxBytes?: number;
  kept?: number;
}

const FILE = 'audit.jsonl';
const ROTATED = /^audit-\d{8}T\d{9}Z-[0-9a-f]{8}\.jsonl$/;
/** What one member may add to a line; a stranger chooses some of it. */
const MAX_TEXT = 512;

/**
 * Opens `<state root>/auth/audit.jsonl` (0600, its folder 0700). Several processes append to it: O_APPEND keeps their
 * lines whole. The clock is this machine's, as in any log; the ledger has the database's.
 */
export function createAuthTrail(
  stateRoot: string,
  { onTrouble = () => undefined, maxBytes = 16 * 1024 * 1024, kept = 8 }: TrailOptions = {},
): AuthTrail {
  const folder = join(stateRoot, 'auth');
  const path = join(folder, FILE);
  let fd: number | undefined;

  function open(): number {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
    const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW } = constants;
    const opened = openSync(path, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o600);
    fchmodSync(opened, 0o600);
    return opened;
  }

  /** Another process may have rotated the file, or a person removed it: whoever reads the trail reads the path. */
  function current(): number {
    if (fd !== undefined && fstatSync(fd).ino !== statSync(path, { throwIfNoEntry: false })?.ino) close();
    fd ??= open();
    if (fstatSync(fd).size < maxBytes) return fd;
    const stamp = new Date().toISOString().replace(/[-:.]/g, '');
    renameSync(path, join(folder, `audit-${stamp}-${randomBytes(4).toString('hex')}.jsonl`));
    close();
    const rotated = readdirSync(folder).filter((name) => ROTATED.test(name));
    for (const old of rotated.sort().slice(0, Math.max(0, rotated.length - kept))) unlinkSync(join(folder, old));
    return (fd = open());
  }

  function close(): void {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  }

  return {
    write: ({ code, source, actor, detail }) => {
      const line = { at: new Date().toISOString(), code, source, ...(actor === undefined ? {} : { actor }), ...detail };
      try {
        writeSync(
          current(),
          `${JSON.stringify(line, (_, v: unknown) => (typeof v === 'string' ? v.slice(0, MAX_TEXT) : v))}\n`,
        );
      } catch (error) {
        onTrouble(error);
      }
    },
    close,
  };
}
