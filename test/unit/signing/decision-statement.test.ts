import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../domain/canonical/json.ts';
import { ROLES } from '../../../domain/identity/roles.ts';
import { readStatement, SIGNED_VALID_MS, statementRefusal } from '../../../domain/signing/decision-statement.ts';
import type { Arrival, DecisionStatement } from '../../../domain/signing/decision-statement.ts';
import { at, T0 } from '../../support/incidents.ts';

const STATEMENT: DecisionStatement = {
  instance: 'here',
  workflow_id: 'recovery/INC-1',
  decision: { name: 'ack', operator: 'me@org' },
  containment_binding: 'ab'.repeat(32),
  decision_id: 'd-1',
  key_id: `sha256:${'0'.repeat(32)}`,
  not_after: at(300),
};
const KEY = { roles: ['operator'] as const, not_after: null, revoked_at: null };
const ARRIVAL: Arrival = {
  instance: 'here',
  workflow_id: 'recovery/INC-1',
  name: 'ack',
  now: T0,
  binding: STATEMENT.containment_binding,
};
const bytes = (text: string) => new TextEncoder().encode(text);
const text = fc.string({ minLength: 1, maxLength: 30 });

describe('a signed decision', () => {
  it('counts where it was signed for, and nowhere else', () => {
    expect(statementRefusal(STATEMENT, KEY, ARRIVAL)).toBeNull();
    const other = fc
      .constantFrom('instance', 'workflow_id', 'name', 'binding')
      .chain((field) => text.filter((v) => v !== ARRIVAL[field as keyof Arrival]).map((v) => ({ [field]: v })));
    fc.assert(
      fc.property(other, (over) => {
        expect(statementRefusal(STATEMENT, KEY, { ...ARRIVAL, ...over })).not.toBeNull();
      }),
    );
    expect(statementRefusal(STATEMENT, KEY, { ...ARRIVAL, instance: undefined })).toBe('signed_for_another_instance');
  });

  it('counts for ten minutes at most', () => {
    fc.assert(
      fc.property(fc.integer({ min: -2 * SIGNED_VALID_MS, max: 2 * SIGNED_VALID_MS }), (ms) => {
        const signed = { ...STATEMENT, not_after: new Date(Date.parse(T0) + ms).toISOString() };
        const said = ms <= 0 ? 'signature_expired' : ms > SIGNED_VALID_MS ? 'signature_valid_too_long' : null;
        expect(statementRefusal(signed, KEY, ARRIVAL)).toBe(said);
      }),
    );
  });

  it('counts by a key that stands, with a role for it', () => {
    const by = (over: object) => statementRefusal(STATEMENT, { ...KEY, ...over }, ARRIVAL);
    expect(by({ revoked_at: at(-1) })).toBe('key_revoked');
    expect(by({ not_after: T0 })).toBe('key_expired');
    expect(by({ not_after: at(1) })).toBeNull();
    const permitted = ROLES.filter((role) => by({ roles: [role] }) === null);
    expect(permitted).toEqual(['operator', 'security_owner', 'incident_commander']);
  });

  it('has one reading: no member twice, none besides, no other spelling of a field', () => {
    const json = canonicalJson(STATEMENT);
    expect(readStatement(bytes(json))).toEqual(STATEMENT);
    const wrong = [
      json.replace('{"containment_binding"', '{"decision_id":"d-2","containment_binding"'),
      json.replace('"instance":"here"', '"instance":"here","more":1'),
      json.replace('"name":"ack"', '"name":"ack","containment_binding":"x"'),
      json.replace('"name":"ack"', '"name":"clear"'),
      json.replace('"operator":"me@org"', '"operator":" "'),
      json.replace('"operator":"me@org"', `"operator":"${'ä'.repeat(129)}"`),
      json.replace('"operator":"me@org"', '"operator":"a\\u0000b"'),
      json.replace('abab', 'ABAB'),
      json.replace('"not_after":"', '"not_after":"tomorrow'),
      `${json} {}`,
      '',
    ];
    for (const text of wrong) expect(readStatement(bytes(text)), text).toBeNull();
    for (const field of Object.keys(STATEMENT)) {
      const rest = Object.fromEntries(Object.entries(STATEMENT).filter(([name]) => name !== field));
      expect(readStatement(bytes(canonicalJson(rest))), field).toBeNull();
    }
    expect(readStatement(new Uint8Array([0xff, 0xfe]))).toBeNull();
  });
});
