import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../db/client.ts';
import { issueLease } from '../../../db/command/issue-lease.ts';
import { revokeSlot, revokeSubject } from '../../../db/command/revoke-leases.ts';
import { rollBackSecret } from '../../../db/command/rollback-secret.ts';
import type { SecretsDeps } from '../../../db/command/set-secret.ts';
import { readLease, renewLease } from '../../../db/command/use-lease.ts';
import { countLive } from '../../../db/read/leases.ts';
import { freshKey } from '../../support/adapters.ts';
import { reopenVault } from '../../support/leases.ts';
import { OPERATOR, openRecord, reportIncident } from '../../support/record.ts';
import { freshMasterKey, set } from '../../support/secrets.ts';

let db: Database;
let deps: SecretsDeps;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await openRecord());
  const master = freshMasterKey();
  deps = { db, masterKey: () => master };
});
afterAll(() => close?.());

const SLOTS = ['a', 'b'] as const;
const SUBJECTS = ['agent:1', 'agent:2'] as const;

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('issue'), slot: fc.nat(1), subject: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('set', 'rollback', 'revoke-slot'), slot: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revoke-subject'), subject: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('close', 'reopen') }) },
);
interface Step {
  do: string;
  slot?: number;
  subject?: number;
}

interface Held {
  lease_id: string;
  secret: string;
  slot: string;
  subject: string;
  alive: boolean;
}

let run = 0;

/** The same rules without epochs: what revokes, revokes the leases that there are. */
class Model {
  closed = false;
  leases: Held[] = [];
  readonly values = new Map<string, string[]>();

  revoke(which: (lease: Held) => boolean): void {
    for (const lease of this.leases.filter(which)) lease.alive = false;
  }
}

async function take(model: Model, { do: what, slot: s = 0, subject: u = 0 }: Step, prefix: string): Promise<void> {
  const slot = `${prefix}.${SLOTS[s]!}`;
  const subject = `${prefix}.${SUBJECTS[u]!}`;
  const values = model.values.get(slot) ?? [];
  switch (what) {
    case 'issue': {
      const issued = await issueLease(deps, OPERATOR, { slot, subject, ttl: 60 });
      expect(issued.ok).toBe(!model.closed);
      if (issued.ok) model.leases.push({ ...issued, alive: true });
      return;
    }
    case 'set':
      values.push(`value ${values.length}`);
      await set(deps, slot, values.at(-1)!);
      {
        model.revoke((lease) => lease.slot === slot);
        return;
      }
    case 'rollback': {
      const back = await rollBackSecret(deps, OPERATOR, { slot, version: 1, key: freshKey() });
      expect(back.ok).toBe(values.length > 1);
      if (!back.ok) return;
      values.push(values[0]!);
      model.revoke((lease) => lease.slot === slot);
      return;
    }
    case 'revoke-slot':
      await revokeSlot(db, OPERATOR, { slot, key: freshKey() });
      {
        model.revoke((lease) => lease.slot === slot);
        return;
      }
    case 'revoke-subject':
      await revokeSubject(db, OPERATOR, { subject, key: freshKey() });
      {
        model.revoke((lease) => lease.subject === subject);
        return;
      }
    case 'close':
      await reportIncident(db, 'unauthorized_access', { source: `${prefix}-${crypto.randomUUID()}` });
      model.closed = true;
      {
        model.revoke(() => true);
        return;
      }
    default:
      await reopenVault(db);
      model.closed = false;
  }
}

async function agrees(model: Model): Promise<void> {
  for (const lease of model.leases) {
    const expected = model.closed
      ? 'vault_closed'
      : lease.alive
        ? model.values.get(lease.slot)!.at(-1)
        : 'lease_revoked';
    const read = await readLease(deps, OPERATOR, lease);
    expect(read.ok ? read.value.toString() : read.code).toBe(expected);
    const renewed = await renewLease(db, OPERATOR, { lease_id: lease.lease_id, ttl: 60 });
    expect(renewed.ok ? 'renewed' : renewed.code).toBe(expected?.startsWith('value') === true ? 'renewed' : expected);
  }
  for (const slot of model.values.keys()) {
    const live = model.leases.filter((lease) => lease.slot === slot && lease.alive).length;
    expect(await countLive(db, 'default', { slot })).toBe(live);
  }
}

it('whatever happens in whatever order, a lease that was revoked never opens again and the others do', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
      const prefix = `run-${(run += 1)}`;
      const model = new Model();
      await reopenVault(db);
      for (const name of SLOTS) {
        model.values.set(`${prefix}.${name}`, ['value 0']);
        await set(deps, `${prefix}.${name}`, 'value 0');
      }
      for (const each of steps) await take(model, each, prefix);
      await agrees(model);
    }),
    { numRuns: 25 },
  );
});
