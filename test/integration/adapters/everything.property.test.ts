import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { one, rows } from '../../../db/client.ts';
import { decideIncident } from '../../../db/command/decide-incident.ts';
import { recordReports } from '../../../db/command/intake.ts';
import { retireAdapter } from '../../../db/command/part-with-adapter.ts';
import { checkGate } from '../../../db/read/check-gate.ts';
import { transaction } from '../../../db/transaction.ts';
import { placeHolds, releaseHolds } from '../../../db/write/holds.ts';
import { freshKey, register, secretFile } from '../../support/adapters.ts';
import { incidentOf } from '../../support/incidents.ts';
import { OPERATOR, decision, openRecord, requestOf } from '../../support/record.ts';
import { ToldAdapter } from '../../support/told-adapter.ts';
import type { Fate } from '../../support/told-adapter.ts';

let record: Awaited<ReturnType<typeof openRecord>>;
let secret: ReturnType<typeof secretFile>;
let courses = 0;
beforeAll(async () => {
  record = await openRecord();
  secret = secretFile();
});
afterAll(async () => {
  await record?.close();
  secret?.remove();
});

const EVERYTHING = '*';
interface Place {
  target: string;
  system: boolean;
}
type Move =
  | ({ kind: 'report' | 'kill' } & Place)
  | { kind: 'resolve' | 'restore' | 'late'; n: number }
  | { kind: 'look' }
  | { kind: 'end'; n: number; fate: Fate };

const target = fc.constantFrom('agent:x', 'agent:y', EVERYTHING);
const n = fc.nat(3);
const fate = fc.constantFrom<Fate>('answered', 'answered', 'lost', 'unheard');
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('report', 'kill'), target, system: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('resolve', 'restore', 'restore', 'late'), n }) },
  { weight: 3, arbitrary: fc.constant<Move>({ kind: 'look' }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('end'), n, fate }) },
);

/** A workspace with one adapter, the incidents in it, and holds that come and go without waiting for anybody. */
class Course {
  readonly workspace = `course-${(courses += 1)}`;
  readonly #incidents: { workspace_id: string; id: string }[] = [];
  readonly #kills: { workspace_id: string; id: string }[] = [];
  adapter!: ToldAdapter;
  #kill = 0;

  async start(): Promise<this> {
    const asked = { name: 'only', url: 'http://127.0.0.1:9/', ref: secret.ref, workspace_id: this.workspace };
    this.adapter = new ToldAdapter(record.db, await register(record.db, asked));
    return this;
  }

  async take(move: Move): Promise<void> {
    switch (move.kind) {
      case 'report':
        return this.#report(move);
      case 'kill':
        return this.#placeKill(move);
      case 'resolve':
        return this.#resolve(move.n);
      case 'restore':
        return this.#restore(move.n);
      case 'look':
        return this.adapter.look();
      case 'end':
        return this.adapter.end(move.n, move.fate);
      case 'late':
        this.adapter.arriveLate(move.n);
        return;
      default: {
        const unknown: never = move;
        throw new Error(`unknown move ${JSON.stringify(unknown)}`);
      }
    }
  }

  #workspaceOf = ({ system }: Place) => (system ? 'system' : this.workspace);

  async #report(where: Place): Promise<void> {
    const evidence = where.target === EVERYTHING ? {} : { subject: where.target };
    const workspace_id = this.#workspaceOf(where);
    const [reply] = await recordReports(record.db, [requestOf('tool_call_burst', { evidence }, { workspace_id })]);
    if (reply?.ok === true) this.#incidents.push({ workspace_id, id: reply.incident.id });
  }

  /** Refused while some adapter has yet to hold it. */
  async #resolve(n: number): Promise<void> {
    const incident = this.#incidents[n % Math.max(1, this.#incidents.length)];
    if (incident === undefined) return;
    const by = { ...decision(incident.id), workspace_id: incident.workspace_id };
    const decided = await decideIncident(record.db, by, { kind: 'resolve', operator: 'o' });
    if (decided.ok && this.#incidents.includes(incident)) this.#incidents.splice(this.#incidents.indexOf(incident), 1);
  }

  #step = (workspace_id: string, id: string) => ({
    incident: { ...incidentOf('tool_call_burst'), workspace_id, id },
    actor: OPERATOR.actor,
    on_behalf_of: null,
  });

  async #placeKill(where: Place): Promise<void> {
    const workspace_id = this.#workspaceOf(where);
    const id = `KILL-${this.workspace}-${(this.#kill += 1)}`;
    const effect = {
      kind: 'place_hold' as const,
      action: 'freeze_agent' as const,
      gate: 'agent' as const,
      target: where.target,
    };
    await transaction(record.db, (tx) =>
      placeHolds(tx, [{ ...this.#step(workspace_id, id), effects: [effect] }], new Date().toISOString()),
    );
    this.#kills.push({ workspace_id, id });
  }

  async #restore(n: number): Promise<void> {
    const [kill] = this.#kills.splice(n % Math.max(1, this.#kills.length), 1);
    if (kill === undefined) return;
    const step = this.#step(kill.workspace_id, kill.id);
    await transaction(record.db, (tx) =>
      releaseHolds(tx, [{ ...step, effects: [{ kind: 'release_holds', keep: [] }] }], new Date().toISOString()),
    );
  }

  /** Every hold that the record calls acknowledged is closed there, under the hold's own target. */
  async holdsWhatItSays(): Promise<void> {
    const held = await rows<{ target: string }>(
      record.db,
      `SELECT DISTINCT h.target FROM holds h JOIN incidents i ON i.workspace_id = h.workspace_id AND i.id = h.incident_id
        WHERE h.workspace_id = ANY($1) AND h.released_at IS NULL AND NOT h.awaited`,
      [[this.workspace, 'system']],
    );
    for (const { target } of held) expect(this.adapter.taken.get(target)?.state, target).toBe('closed');
  }

  /** Everything was delivered: what it holds is the record's own verdict, and nothing waits any more. */
  async agrees(): Promise<void> {
    for (const [target, { state }] of this.adapter.taken) {
      const open = target === EVERYTHING ? !(await this.#everythingHeld()) : (await this.#check(target)).open;
      expect(`${target} ${state}`).toBe(`${target} ${open ? 'open' : 'closed'}`);
    }
    const workspaces = [[this.workspace, 'system']];
    const left = await rows(
      record.db,
      `SELECT hold_id FROM holds WHERE workspace_id = ANY($1) AND (awaited OR restoring)
        UNION ALL SELECT id FROM incidents WHERE workspace_id = ANY($1) AND pending_actions > 0`,
      workspaces,
    );
    expect(left).toEqual([]);
  }

  #check = (target: string) => checkGate(record.db, this.workspace, 'agent', target);
  #everythingHeld = async () =>
    (await one(record.db, `SELECT 1 FROM holds WHERE workspace_id = ANY($1) AND target = '*' AND released_at IS NULL`, [
      [this.workspace, 'system'],
    ])) !== undefined;

  /** What belongs to the instance would stand in the way of the next course. */
  async end(): Promise<void> {
    while (this.#kills.length > 0) await this.#restore(0);
    for (let left = this.#incidents.length; left > 0; left -= 1) await this.#resolve(0);
    expect(this.#incidents).toEqual([]);
    await this.adapter.settle();
    await this.agrees();
    const asked = { object: 'only', reason: 'over', single_operator: true, confirm: 'only', key: freshKey() };
    expect(await retireAdapter(record.db, { ...OPERATOR, workspace_id: this.workspace }, asked)).toMatchObject({
      ok: true,
    });
  }
}

async function run(rounds: Move[][]): Promise<void> {
  const course = await new Course().start();
  try {
    for (const moves of rounds) {
      await Promise.all(moves.map((move) => course.take(move)));
      await course.holdsWhatItSays();
    }
    await course.adapter.settle();
    await course.agrees();
  } finally {
    await course.end();
  }
}

const LONG_MS = 120_000;

describe('an adapter ends with the verdict of the gate for every target it was told', () => {
  it(
    'whatever was lost, late or out of order',
    async () => {
      const moves = fc.array(
        move.map((m) => [m]),
        { minLength: 8, maxLength: 40 },
      );
      await fc.assert(fc.asyncProperty(moves, run), { numRuns: 40 });
    },
    LONG_MS,
  );

  it(
    'whatever is decided while its answers are being recorded',
    async () => {
      const rounds = fc.array(fc.array(move, { minLength: 2, maxLength: 6 }), { minLength: 4, maxLength: 16 });
      await fc.assert(fc.asyncProperty(rounds, run), { numRuns: 40 });
    },
    LONG_MS,
  );
});
