// An incident is the version that the ledger's last entry about it names: the record may not say otherwise than the log.
import type { Sha256 } from '../canonical/hash.ts';
import { recordHash } from '../ledger/entry.ts';
import type { ProblemList } from './problem.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** A copy: what was cut from a long text keeps all of it in memory. */
const own = (text: string): string => decoder.decode(encoder.encode(text));

const OBJECT = 'incident/';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Takes all entries in the order of the log, then all incidents. */
export class RecordCheck {
  incidents = 0;
  readonly #problems: ProblemList;
  readonly #sha256: Sha256;
  /** The hash that the last entry about an incident names. */
  readonly #named = new Map<string, string>();

  constructor(sha256: Sha256, problems: ProblemList) {
    this.#sha256 = sha256;
    this.#problems = problems;
  }

  entry(entry: Record<string, unknown>): void {
    const { object, record_hash } = entry;
    if (typeof object !== 'string' || !object.startsWith(OBJECT) || typeof record_hash !== 'string') return;
    this.#named.set(own(object.slice(OBJECT.length)), own(record_hash));
  }

  incident(where: string, incident: unknown): void {
    this.incidents += 1;
    if (!isRecord(incident)) return this.#problems.add('malformed', where, 'is no incident');
    const { hash } = incident;
    const id = typeof incident['id'] === 'string' ? incident['id'] : '';
    if (recordHash(incident, this.#sha256) !== hash)
      this.#problems.add('incident_altered', where, `${id} is not what its hash is of`);
    const named = this.#named.get(id);
    this.#named.delete(id);
    if (named === undefined) this.#problems.add('incident_not_recorded', where, `no audit entry is about ${id}`);
    else if (named !== hash)
      this.#problems.add(
        'incident_not_recorded',
        where,
        `the last audit entry about ${id} names another version of it`,
      );
  }

  /** What entries are about and nothing was shown of. */
  end(): void {
    for (const id of this.#named.keys())
      this.#problems.add('incident_missing', 'incidents', `audit entries are about ${id}, which is not there`);
  }
}
