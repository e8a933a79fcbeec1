import { spawn } from 'node:child_process';
import type { ChildProcess as NodeChild } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { LONGEST_LINE, parseChildLine } from '../../domain/adapter/child.ts';
import type { ChildLine } from '../../domain/adapter/child.ts';
import { endGroup } from './group.ts';

const GUARD = fileURLToPath(new URL('guard.ts', import.meta.url));
/** What a child that does not read may leave with us. */
const MOST_UNREAD = 1024 * 1024;
const GUARD_ENDS_WITHIN_MS = 10_000;

/** What a child's environment has besides its credentials: nothing of ours. */
const INHERITED = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];

export interface Started {
  command: string;
  args: readonly string[];
  /** Credentials and the token of the lease, by variable. */
  variables: Readonly<Record<string, string>>;
  /** A heartbeat or a wish of the child. */
  asked: (line: Exclude<ChildLine, { kind: 'answer' }>) => void;
}

/** One run of a child adapter: its group, its lines, and what it was asked and has not answered. */
export class RunningChild {
  /** Resolves when no process of it runs any more, however that came. */
  readonly ended: Promise<void>;
  readonly #guard: NodeChild;
  readonly #asked: Started['asked'];
  readonly #waiting = new Map<string, (body: string | null) => void>();
  #group: number | undefined;
  #unfinished = '';

  constructor({ command, args, variables, asked }: Started) {
    const inherited: Record<string, string | undefined> = {};
    for (const name of INHERITED) inherited[name] = process.env[name];
    this.#asked = asked;
    this.#guard = spawn(process.execPath, ['--no-warnings', GUARD, command, ...args], {
      stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
      detached: true,
      env: { ...inherited, ...variables },
    });
    this.#guard.stdin?.on('error', () => undefined);
    this.#guard.stdout?.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    const control = this.#control();
    control.on('error', () => undefined);
    control.on('data', (said: Buffer) => {
      this.#group = (JSON.parse(said.toString()) as { group: number }).group;
    });
    this.ended = this.#over();
  }

  #control(): Duplex {
    return this.#guard.stdio[3] as Duplex;
  }

  async #over(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#guard.once('exit', () => resolve());
      this.#guard.once('error', () => resolve());
    });
    // The guard may have been killed before it could do its work.
    if (this.#group !== undefined) await endGroup(this.#group);
    for (const settle of this.#waiting.values()) settle(null);
    this.#guard.stdin?.destroy();
    this.#guard.stdout?.destroy();
    this.#control().destroy();
  }

  /** The child's answer to a message; null when it gave none in time, or is gone. */
  ask(id: string, message: object, withinMs: number): Promise<string | null> {
    return new Promise((resolve) => {
      const settle = (body: string | null) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(body);
      };
      const timer = setTimeout(() => settle(null), withinMs);
      this.#waiting.set(id, settle);
      if (!this.tell({ id, ...message })) settle(null);
    });
  }

  /** Writes a line; false when the child does not read. */
  tell(message: object): boolean {
    const input = this.#guard.stdin;
    if (input?.writable !== true || input.writableLength > MOST_UNREAD) return false;
    input.write(`${JSON.stringify(message)}\n`);
    return true;
  }

  /** Ends the child's whole group; resolves when it is gone. */
  async end(): Promise<void> {
    this.#guard.stdin?.end();
    this.#control().destroy();
    const late = setTimeout(() => this.#guard.kill('SIGKILL'), GUARD_ENDS_WITHIN_MS);
    await this.ended;
    clearTimeout(late);
  }

  #read(text: string): void {
    const lines = (this.#unfinished + text).split('\n');
    this.#unfinished = lines.pop() ?? '';
    if (this.#unfinished.length > LONGEST_LINE || lines.some((line) => line.length > LONGEST_LINE)) {
      this.#unfinished = '';
      void this.end();
      return;
    }
    for (const line of lines) {
      const said = parseChildLine(line);
      if (said?.kind === 'answer') this.#waiting.get(said.id)?.(said.body);
      else if (said !== null) this.#asked(said);
    }
  }
}
