// A record is the version that the log's last entry about it pins; a gate is closed and opened only by what the log says.
import { hexToBytes } from '@noble/hashes/utils.js';
import type { Sha256 } from '../canonical/hash.ts';
import { CanonicalError } from '../canonical/error.ts';
import { DigestTable, UNSET } from './digest-table.ts';
import { pinsRecord } from './entry.ts';
import type { LedgerLeaf } from './entry.ts';
import type { HoldLine, IncidentLine, RecordsHead } from './records-file.ts';

/**
 * - `record_altered`: a record is not what its own hash is of;
 * - `record_unrecorded`: no entry is about it, or the last one (`at`) pins another version;
 * - `record_missing`: an entry (`at`) is about a record that is not there;
 * - `hold_unrecorded`: no entry placed it;
 * - `hold_released_unrecorded`: it is released, and no entry says so: a gate was opened behind the log's back;
 * - `hold_standing`: it stands, though an entry (`at`) released it;
 * - `hold_missing`: an entry (`at`) placed or released a hold that is not there.
 */
export type RecordFindingCode =
  | 'record_altered'
  | 'record_unrecorded'
  | 'record_missing'
  | 'hold_unrecorded'
  | 'hold_released_unrecorded'
  | 'hold_standing'
  | 'hold_missing';

export interface RecordFinding {
  code: RecordFindingCode;
  /** The entry that says otherwise, null where none does. */
  at: number | null;
  detail: string;
}

interface Placed {
  by: string;
  gate: string;
  target: string;
}

const INCIDENT = 'incident/';
const HOLD = 'hold/';
const HASH = /^[0-9a-f]{64}$/;
const isPlaced = (value: unknown): value is Placed =>
  typeof value === 'object' && value !== null && 'by' in value && 'gate' in value && 'target' in value;
const nameOf = (...parts: string[]): string => parts.join('\u0000');

/** Columns of a row about an incident, about a placed hold, and about a hold that was released by its id. */
const [PIN, RELEASED, KEPT] = [0, 1, 2] as const;
const [PLACED, SEEN] = [0, 1] as const;
const [FREED, GRANTED, MET] = [0, 1, 2] as const;

/**
 * Takes the entries of the log in their order, then incidents, then holds. Memory: about a hundred bytes for each incident and
 * hold, none for an entry.
 */
export class RecordCheck {
  incidents = 0;
  holds = 0;
  /** Holds of no incident: what placed them is checked by nobody here. */
  holdsUnknown = 0;
  readonly #sha256: Sha256;
  readonly #head: RecordsHead;
  readonly #report: (finding: RecordFinding) => void;
  readonly #incidents: DigestTable;
  readonly #placed: DigestTable;
  readonly #freed: DigestTable;
  readonly #present: DigestTable;
  /** Which actions a release keeps: there are a few lists of them in all. */
  readonly #kept: string[] = [];
  /** What entries behind the moment pin besides: the record may be any of these versions. */
  readonly #later = new Map<number, Set<string>>();

  constructor(head: RecordsHead, sha256: Sha256, report: (finding: RecordFinding) => void) {
    this.#head = head;
    this.#sha256 = sha256;
    this.#report = report;
    [this.#incidents, this.#placed, this.#freed, this.#present] = [
      new DigestTable(sha256),
      new DigestTable(sha256),
      new DigestTable(sha256),
      new DigestTable(sha256),
    ];
  }

  entry(index: number, leaf: LedgerLeaf): void {
    const { workspace_id, object, action } = leaf;
    if (!this.#head.workspaces.includes(workspace_id)) return;
    if (object.startsWith(INCIDENT)) this.#ofIncident(index, leaf, object.slice(INCIDENT.length));
    else if (object.startsWith(HOLD) && (action === 'model_released' || action === 'model_release_granted')) {
      const row = this.#freed.put(nameOf(workspace_id, object.slice(HOLD.length)));
      this.#freed.set(row, action === 'model_released' ? FREED : GRANTED, index);
    }
  }

  #ofIncident(index: number, { workspace_id, action, detail, record_hash }: LedgerLeaf, id: string): void {
    const row = this.#incidents.put(nameOf(workspace_id, id));
    if (record_hash !== null && HASH.test(record_hash)) {
      if (index < this.#head.from) {
        this.#incidents.set(row, PIN, index);
        this.#incidents.setBytes(row, hexToBytes(record_hash));
      } else this.#later.set(row, (this.#later.get(row) ?? new Set()).add(record_hash));
    }
    const { holds, kept } = detail;
    if (action === 'holds_placed' && Array.isArray(holds))
      for (const hold of holds.filter(isPlaced)) {
        const placed = this.#placed.put(nameOf(workspace_id, id, hold.by, hold.gate, hold.target));
        this.#placed.set(placed, PLACED, index);
      }
    if (action === 'holds_released') {
      this.#incidents.set(row, RELEASED, index);
      this.#incidents.set(row, KEPT, this.#listOf(Array.isArray(kept) ? kept : []));
    }
  }

  #listOf(kept: readonly unknown[]): number {
    const text = JSON.stringify(kept);
    const known = this.#kept.indexOf(text);
    return known === -1 ? this.#kept.push(text) - 1 : known;
  }

  incident({ workspace_id, record }: IncidentLine): void {
    this.incidents += 1;
    const id = String(record['id']);
    const where = `incident ${id}`;
    const hash = typeof record['hash'] === 'string' ? record['hash'] : '';
    this.#present.put(nameOf(workspace_id, id));
    if (!HASH.test(hash) || !this.#isOwn(record, hash))
      return this.#report({ code: 'record_altered', at: null, detail: `${where} is not what its hash is of` });
    const row = this.#incidents.find(nameOf(workspace_id, id));
    const at = row === -1 ? UNSET : this.#incidents.get(row, PIN);
    const pinned = at !== UNSET && this.#incidents.hasBytes(row, hexToBytes(hash));
    if (pinned || this.#later.get(row)?.has(hash) === true) return;
    const detail = at === UNSET ? `no entry is about ${where}` : `the last entry about ${where} pins another version`;
    this.#report({ code: 'record_unrecorded', at: at === UNSET ? null : at, detail });
  }

  #isOwn(record: Record<string, unknown>, record_hash: string): boolean {
    try {
      return pinsRecord({ record_hash }, record, this.#sha256);
    } catch (error) {
      if (error instanceof CanonicalError) return false;
      throw error;
    }
  }

  hold({ workspace_id, hold_id, incident_id, action, gate, target, released }: HoldLine): void {
    this.holds += 1;
    if (incident_id === null) {
      this.holdsUnknown += 1;
      return;
    }
    const where = `hold ${hold_id}`;
    const placed = this.#placed.find(nameOf(workspace_id, incident_id, action, gate, target));
    const freed = this.#freed.find(nameOf(workspace_id, hold_id));
    if (freed !== -1) this.#freed.set(freed, MET, 1);
    // As it is named when it is placed: the first of an action by it, further ones by their number.
    const named = hold_id === `${incident_id}/${action}` || hold_id.startsWith(`${incident_id}/${action}/`);
    if (placed === -1 || !named)
      return this.#report({ code: 'hold_unrecorded', at: null, detail: `no entry placed ${where}` });
    this.#placed.set(placed, SEEN, 1);
    const incident = this.#incidents.find(nameOf(workspace_id, incident_id));
    const resolved = incident === -1 ? UNSET : this.#incidents.get(incident, RELEASED);
    const kept =
      resolved === UNSET ? [] : (JSON.parse(this.#kept[this.#incidents.get(incident, KEPT)] ?? '[]') as string[]);
    const freedAt = freed === -1 ? UNSET : this.#freed.get(freed, FREED);
    const granted = freed !== -1 && this.#freed.get(freed, GRANTED) !== UNSET;
    const withIncident = resolved !== UNSET && (!kept.includes(action) || granted);
    if (released && freedAt === UNSET && !withIncident)
      return this.#report({ code: 'hold_released_unrecorded', at: null, detail: `no entry released ${where}` });
    // A grant may have been taken back: only what ends a hold for certain is held against one that stands.
    const ended = freedAt !== UNSET ? freedAt : kept.includes(action) ? UNSET : resolved;
    if (!released && ended !== UNSET && ended < this.#head.from)
      this.#report({ code: 'hold_standing', at: ended, detail: `${where} stands, though the entry released it` });
  }

  /** What entries are about that is not there. Entries behind the moment may be about what came after it. */
  end(): void {
    for (let row = 0; row < this.#incidents.size; row += 1) {
      const at = this.#incidents.get(row, PIN);
      if (at !== UNSET && this.#present.findKey(this.#incidents.keyOf(row)) === -1)
        this.#report({ code: 'record_missing', at, detail: 'the entry is about an incident that is not there' });
    }
    for (let row = 0; row < this.#placed.size; row += 1) {
      const at = this.#placed.get(row, PLACED);
      if (this.#placed.get(row, SEEN) === UNSET && at < this.#head.from)
        this.#report({ code: 'hold_missing', at, detail: 'the entry placed a hold that is not there' });
    }
    for (let row = 0; row < this.#freed.size; row += 1) {
      const at = Math.max(this.#freed.get(row, FREED), this.#freed.get(row, GRANTED));
      if (this.#freed.get(row, MET) === UNSET && at < this.#head.from)
        this.#report({ code: 'hold_missing', at, detail: 'the entry released a hold that is not there' });
    }
  }
}
