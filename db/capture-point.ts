import { BODY_READ, keptBody, keptText } from '../domain/runtime/capture-content.ts';
import { keeps } from '../domain/runtime/capture-window.ts';
import type { CaptureSource } from '../domain/runtime/capture-window.ts';
import type { Database } from './client.ts';
import type { MasterKeySource } from './command/pin-master-key.ts';
import { storeCaptures } from './command/store-captures.ts';
import type { CaptureDraft } from './command/store-captures.ts';
import { askWindow } from './read/capture-key.ts';
import type { KnownWindow } from './read/capture-key.ts';

/** A body as it came: read as JSON where it could be, else undefined; `bytes` are of the whole. */
export interface SeenBody {
  value: unknown;
  bytes: number;
  /** Nothing of it may be kept. */
  withheld?: boolean;
}

/** What went in or out. Bodies are looked at when there is time, and only if there is a window by then. */
export interface Exchange {
  workspace_id: string;
  source: CaptureSource;
  method: string;
  path_template: string;
  /** Path and query, or the receiver's URL. */
  target: string;
  /** Null where there was no answer. */
  status: number | null;
  /** The code of what came instead of one. */
  failure: string | null;
  request: () => SeenBody;
  response: () => SeenBody;
  actor: string;
  on_behalf_of: string | null;
}

export interface CaptureOptions {
  db: Database;
  masterKey: MasterKeySource;
  /** Exchanges that may wait; one more is dropped and counted. */
  room?: number;
}

interface Seen {
  window: KnownWindow | null;
  /** By the monotonic clock of this process. */
  goodUntil: number;
}

/** An answer of the record is believed for so long, and not beyond the end of the window it told of. */
const BELIEVED_MS = 1_000;
/** Exchanges hold on to their bodies while they wait: at 256 KiB each, what all of them do is bounded. */
const ROOM = 128;
const AT_ONCE = 32;
/** In loopback trust callers name workspaces as they like. */
const WORKSPACES = 256;
const AGAIN_MS = 1_000;

const breathe = () => new Promise((resolve) => setImmediate(resolve));

/**
 * Where exchanges are captured. `watches` is asked for each and costs a look at a map; whatever is to be done is done later
 * and alongside. Where the record cannot be asked, or there is no key, nothing is captured.
 */
export class CapturePoint {
  readonly #options: CaptureOptions;
  readonly #seen = new Map<string, Seen>();
  readonly #asking = new Map<string, Promise<KnownWindow | null>>();
  readonly #waiting: Exchange[] = [];
  /** Dropped and not yet counted in the record, by window. */
  readonly #owed = new Map<KnownWindow, number>();
  #draining: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: CaptureOptions) {
    this.#options = options;
  }

  /** Whether exchanges of a workspace are worth keeping hold of: yes, or the record is just being asked. */
  watches(workspace_id: string): boolean {
    if (this.#closed) return false;
    const seen = this.#fresh(workspace_id);
    if (seen === undefined) void this.#ask(workspace_id);
    return seen === undefined || seen.window !== null;
  }

  /** Takes an exchange; returns at once, and never fails. */
  offer(exchange: Exchange): void {
    if (this.#closed) return;
    const known = this.#fresh(exchange.workspace_id)?.window;
    if (known === null || (known !== undefined && !keeps(known.level, exchange))) return;
    if (this.#waiting.length < (this.#options.room ?? ROOM)) this.#waiting.push(exchange);
    else this.#owe(known ?? this.#seen.get(exchange.workspace_id)?.window, 1);
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined;
    });
  }

  /** Keeps what waits, as far as the record takes it. */
  async close(): Promise<void> {
    await this.#draining;
    this.#closed = true;
    clearTimeout(this.#retry);
  }

  #fresh(workspace_id: string): Seen | undefined {
    const seen = this.#seen.get(workspace_id);
    return seen !== undefined && performance.now() < seen.goodUntil ? seen : undefined;
  }

  /** The window at this moment, at most one question at a time. */
  #ask(workspace_id: string): Promise<KnownWindow | null> {
    const asked = this.#asking.get(workspace_id);
    if (asked !== undefined) return asked;
    const before = this.#seen.get(workspace_id)?.window ?? null;
    const from = performance.now();
    const asking = askWindow(this.#options, workspace_id, before)
      .then(({ window, left_ms }) => this.#learn(workspace_id, window, from + Math.min(BELIEVED_MS, left_ms)))
      // Cannot tell.
      .catch(() => this.#learn(workspace_id, null, from + BELIEVED_MS))
      .finally(() => this.#asking.delete(workspace_id));
    this.#asking.set(workspace_id, asking);
    return asking;
  }

  #learn(workspace_id: string, window: KnownWindow | null, goodUntil: number): KnownWindow | null {
    this.#seen.delete(workspace_id);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size >= WORKSPACES && oldest !== undefined) this.#seen.delete(oldest);
    this.#seen.set(workspace_id, { window, goodUntil });
    return window;
  }

  #owe(window: KnownWindow | null | undefined, n: number): void {
    if (window == null) return;
    this.#owed.set(window, (this.#owed.get(window) ?? 0) + n);
  }

  async #drain(): Promise<void> {
    await breathe();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, AT_ONCE);
      for (const [workspace_id, exchanges] of Map.groupBy(batch, (e) => e.workspace_id)) {
        const seen = this.#fresh(workspace_id);
        const window = seen === undefined ? await this.#ask(workspace_id) : seen.window;
        if (window !== null) await this.#store(window, await this.#drafts(window, exchanges));
      }
    }
    for (const window of [...this.#owed.keys()]) await this.#store(window, []);
  }

  /** What cannot be read is dropped: a body must not be able to end the process that looks at it. */
  async #drafts(window: KnownWindow, exchanges: readonly Exchange[]): Promise<CaptureDraft[]> {
    const drafts: CaptureDraft[] = [];
    for (const exchange of exchanges.filter((one) => keeps(window.level, one))) {
      // Requests that came meanwhile are answered between two of them.
      await breathe();
      try {
        drafts.push(draftOf(exchange));
      } catch {
        this.#owe(window, 1);
      }
    }
    return drafts;
  }

  async #store(window: KnownWindow, drafts: readonly CaptureDraft[]): Promise<void> {
    const dropped = this.#owed.get(window) ?? 0;
    if (drafts.length === 0 && dropped === 0) return;
    this.#owed.delete(window);
    try {
      const kept = await storeCaptures(this.#options.db, window, { drafts, dropped });
      if (!kept) this.#seen.delete(window.workspace_id);
    } catch {
      this.#owe(window, drafts.length + dropped);
      if (this.#closed) return;
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined;
        for (const owed of [...this.#owed.keys()]) void this.#store(owed, []);
      }, AGAIN_MS).unref();
    }
  }
}

function draftOf({
  source,
  method,
  path_template,
  status,
  failure,
  target,
  actor,
  on_behalf_of,
  ...bodies
}: Exchange): CaptureDraft {
  const [request, response] = [bodies.request(), bodies.response()];
  const content = JSON.stringify({
    target: keptText(target).slice(0, BODY_READ),
    failure,
    request: keptBody(request.value, request.bytes, request.withheld),
    response: keptBody(response.value, response.bytes, response.withheld),
  });
  return { source, method, path_template, status, content, actor, on_behalf_of };
}
