import { createHash } from 'node:crypto';
import { redactJson } from '../../domain/evidence/redact.ts';
import type { EvidenceFile } from '../../domain/evidence/manifest.ts';
import type { Answer, Ask, Client } from '../client.ts';
import { CliError, RefusedError, UnreachableError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';

/** What was collected, in memory until all of it is there: a manifest names it before anything is written. */
export interface Collected extends EvidenceFile {
  content: Uint8Array;
}

export interface Absent {
  what: string;
  why: string;
}

/** No answer is longer; the history of a run is at most 50 MB. */
const LONGEST = 256 * 1024 * 1024;

/** Collects one thing after the other, each with its time; what cannot be had is listed with the reason. */
export class Gathering {
  readonly files: Collected[] = [];
  readonly absent: Absent[] = [];
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** The answer of a route as a file. Undefined where there is none. */
  async answer<T>(path: string, route: string, ask: Ask = {}): Promise<T | undefined> {
    return this.#attempt(path, async () => {
      const { body } = await this.#client.get<T>(route, ask);
      this.add(path, body, `GET ${route}`);
      return body;
    });
  }

  /** All pages of a list as one file. */
  async list<T>(path: string, route: string): Promise<T[] | undefined> {
    return this.#attempt(path, async () => {
      const all = await this.pages<T>(route);
      this.add(path, all, `GET ${route}`);
      return all;
    });
  }

  /** All pages of a list. Errors: those of the client. */
  async pages<T>(route: string): Promise<T[]> {
    let page: Answer<T[]> = await this.#client.get<T[]>(route);
    const all = [...page.body];
    while (page.next !== undefined) {
      page = await this.#client.get<T[]>(page.next);
      all.push(...page.body);
    }
    return all;
  }

  /** JSON as the server stored it: only a secret in it makes it another file, and the manifest says so. */
  async stored(path: string, route: string, stored_sha256: string): Promise<void> {
    await this.#attempt(path, async () => {
      const bytes = await this.#client.bytes(route, LONGEST);
      if (bytes.length > LONGEST) throw new CliError('it is too long', 'too_long', EXIT.no);
      const { value, count } = redactJson(JSON.parse(Buffer.from(bytes).toString('utf8')));
      const content = count === 0 ? bytes : json(value);
      this.#push(path, content, { source: `GET ${route}`, redactions: count, stored_sha256 });
    });
  }

  /** A value as a file, without what looks like a secret. */
  add(path: string, value: unknown, source: string): void {
    const redacted = redactJson(value);
    this.#push(path, json(redacted.value), { source, redactions: redacted.count });
  }

  /** Bytes that are taken as they are. */
  exact(path: string, content: Uint8Array, source: string): void {
    this.#push(path, content, { source, redactions: 0 });
  }

  #push(path: string, content: Uint8Array, of: Pick<EvidenceFile, 'source' | 'redactions' | 'stored_sha256'>): void {
    const sha256 = createHash('sha256').update(content).digest('hex');
    this.files.push({ path, sha256, bytes: content.length, at: new Date().toISOString(), ...of, content });
  }

  /** What failed is absent, and why; a mistake of ours is none of the server's. */
  async #attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof CliError || error instanceof SyntaxError)) throw error;
      this.absent.push({ what, why: reasonOf(error) });
      return undefined;
    }
  }
}

const json = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);

function reasonOf(error: CliError | SyntaxError): string {
  if (error instanceof SyntaxError) return 'what the server answered is no JSON';
  if (error instanceof RefusedError && error.status === 404 && error.code === 'not_found')
    return 'this server has no such route';
  if (error instanceof RefusedError) return `refused: ${error.code}`;
  return error instanceof UnreachableError ? `not answered: ${error.reason}` : error.message;
}
