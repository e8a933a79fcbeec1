import { describe, expect, it } from 'vitest';
import { makeLine } from '../../../domain/governance/line.ts';
import type { LedgerLine } from '../../../domain/governance/line.ts';
import { replayLedger } from '../../../domain/governance/replay.ts';
import { ledgerOf, waiverBy } from '../../support/governance-ledger.ts';
import { sha256 } from '../../support/incidents.ts';
import { newKey } from '../../support/operator-keys.ts';

const NOW = '2026-03-14T13:00:00Z';
const replay = (bytes: Uint8Array, keys?: { key_id: string; public_key: Uint8Array }[], now = NOW) =>
  replayLedger(bytes, { keys, now, sha256 });
const problemOf = (bytes: Uint8Array, keys?: { key_id: string; public_key: Uint8Array }[]) =>
  replay(bytes, keys).problem;
const bytesOf = (lines: readonly string[]) => Buffer.from(lines.map((line) => `${line}\n`).join(''));
const parse = (text = '') => JSON.parse(text) as LedgerLine;
/** The line as somebody writes it who knows how hashes are made, and has no key. */
const rehashed = ({ seq, prev, envelope, receipt }: LedgerLine) =>
  makeLine({ seq, prev, envelope, receipt }, sha256).text;

describe('a governance ledger', () => {
  it('S0-23 replays to its waivers: standing, past their time, revoked', () => {
    const ledger = ledgerOf();
    const second = waiverBy(ledger.operator, { justification: 'again', not_after: '2026-03-14T12:30:00Z' });
    ledger.add('waived');
    ledger.add('waived', { statement: second });
    const keys = [ledger.instance];
    expect(replay(ledger.bytes(), keys)).toMatchObject({
      lines: 2,
      problem: null,
      bundle: { name: 'model', version: '1.0.0' },
      waivers: [
        { state: 'standing', by: 'safety@org', role: 'safety_reviewer', identity: 'safety@org' },
        { state: 'expired', not_after: '2026-03-14T12:30:00Z' },
      ],
    });
    ledger.add('revoked');
    expect(replay(ledger.bytes(), keys).waivers.map((w) => w.state)).toEqual(['revoked', 'expired']);
    expect(replay(new Uint8Array(), keys)).toMatchObject({ lines: 0, head: null, waivers: [], problem: null });
  });

  it('S0-23 in which any bit is flipped is wrong at that line', () => {
    const ledger = ledgerOf();
    ledger.add('waived');
    const first = ledger.bytes();
    for (let bit = 0; bit < first.length * 8; bit += 1) {
      const flipped = Buffer.from(first);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(problemOf(flipped)?.line, `bit ${bit}`).toBe(1);
    }
  });

  it('S0-23 in which a later line is changed is wrong there and not before', () => {
    const ledger = ledgerOf();
    ledger.add('waived');
    const end = ledger.bytes().length;
    ledger.add('revoked');
    const whole = ledger.bytes();
    for (let at = end; at < whole.length; at += 5) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at & 7));
      expect(problemOf(flipped)?.line, `byte ${at}`).toBe(2);
    }
  });

  it('whose lines are taken out, moved, repeated or cut off is wrong where that begins', () => {
    const ledger = ledgerOf();
    ledger.add('waived');
    ledger.add('waived', { statement: waiverBy(ledger.operator, { justification: 'again' }) });
    ledger.add('waived', { statement: waiverBy(ledger.operator, { justification: 'and again' }) });
    const [a = '', b = '', c = ''] = ledger.lines;
    expect(problemOf(bytesOf([b, c]))).toEqual({ line: 1, code: 'chain_broken' });
    expect(problemOf(bytesOf([a, c]))).toEqual({ line: 2, code: 'chain_broken' });
    expect(problemOf(bytesOf([a, c, b]))).toEqual({ line: 2, code: 'chain_broken' });
    expect(problemOf(bytesOf([a, a]))).toEqual({ line: 2, code: 'chain_broken' });
    expect(problemOf(ledger.bytes().subarray(0, -1))).toEqual({ line: 3, code: 'line_incomplete' });
    expect(problemOf(bytesOf([a, '', b]))).toEqual({ line: 2, code: 'line_malformed' });
    expect(problemOf(bytesOf([a, ` ${b}`]))).toEqual({ line: 2, code: 'line_malformed' });
  });

  it('that somebody rewrote with hashes that fit is wrong all the same', () => {
    const ledger = ledgerOf();
    ledger.add('waived');
    const other = ledgerOf(ledger.instance, ledger.operator);
    other.add('waived', { statement: waiverBy(ledger.operator, { justification: 'else' }) });
    const [own, else_] = [parse(ledger.lines[0]), parse(other.lines[0])];
    expect(problemOf(bytesOf([rehashed({ ...own, envelope: else_.envelope })]))?.code).toBe('receipt_of_another_line');
    expect(problemOf(bytesOf([rehashed({ ...own, envelope: null })]))?.code).toBe('receipt_of_another_line');
    expect(problemOf(bytesOf([rehashed({ ...own, seq: 2 })]))?.code).toBe('chain_broken');
    const receipt = { ...own.receipt, payload: else_.receipt.payload };
    expect(problemOf(bytesOf([rehashed({ ...own, receipt })]))?.code).toBe('receipt_signature_invalid');
    const unsigned = { ...own.receipt, signatures: [{ keyid: 'else', sig: own.receipt.signatures[0]?.sig ?? '' }] };
    expect(problemOf(bytesOf([rehashed({ ...own, receipt: unsigned })]))?.code).toBe('receipt_key_unknown');
  });

  it('of another instance is wrong for whoever pins the key of its receipts', () => {
    const stranger = ledgerOf();
    stranger.add('waived');
    expect(problemOf(stranger.bytes())).toBeNull();
    expect(problemOf(stranger.bytes(), [newKey()])).toEqual({ line: 1, code: 'receipt_key_unknown' });
    const renamed = { ...newKey(), key_id: stranger.instance.key_id };
    expect(problemOf(stranger.bytes(), [renamed])).toEqual({ line: 1, code: 'receipt_signature_invalid' });
  });

  it('whose instance lies is wrong where it does', () => {
    const wrong = (receipt: object, event: 'waived' | 'revoked' = 'waived', before = false) => {
      const ledger = ledgerOf();
      if (before) ledger.add('waived');
      ledger.add(event, {
        receipt,
        ...(before && event === 'waived' ? { statement: waiverBy(ledger.operator, { justification: 'x' }) } : {}),
      });
      return problemOf(ledger.bytes())?.code;
    };
    const bundle = { name: 'other', version: '1.0.0', digest: `sha256:${'f'.repeat(64)}` };
    expect(wrong({ seq: 7 })).toBe('receipt_of_another_line');
    expect(wrong({ waiver_digest: 'f'.repeat(64) })).toBe('receipt_of_another_line');
    expect(wrong({ transition_digest: `sha256:${'f'.repeat(64)}` })).toBe('waiver_malformed');
    expect(wrong({ scope: 'else' })).toBe('waiver_malformed');
    expect(wrong({ not_after: '2027-01-01T00:00:00Z' })).toBe('waiver_malformed');
    expect(wrong({ recorded_at: '2026-03-16T00:00:00Z' })).toBe('waiver_malformed');
    expect(wrong({ bundle })).toBe('waiver_malformed');
    expect(wrong({ bundle }, 'waived', true)).toBe('ledger_of_another_bundle');
    expect(wrong({ workspace: 'lab' }, 'waived', true)).toBe('ledger_of_another_bundle');
    expect(wrong({}, 'revoked')).toBe('revokes_nothing');
    expect(wrong({ waiver_id: 'WVR-20260314-0000000000000000' }, 'revoked', true)).toBe('revokes_nothing');
  });

  it('has each waiver once, revoked once, in a role that its key proves', () => {
    const twice = ledgerOf();
    twice.add('waived');
    twice.add('waived');
    expect(problemOf(twice.bytes())).toEqual({ line: 2, code: 'waiver_repeated' });
    const again = ledgerOf();
    for (const event of ['waived', 'revoked', 'revoked'] as const) again.add(event);
    expect(problemOf(again.bytes())).toEqual({ line: 3, code: 'revokes_nothing' });
    const role = ledgerOf();
    role.add('waived', { statement: waiverBy(role.operator, { role: 'security_owner' }) });
    expect(problemOf(role.bytes())?.code).toBe('waiver_malformed');
    const scope = ledgerOf();
    scope.add('waived', { statement: waiverBy(scope.operator, { scope: 'else' }) });
    expect(problemOf(scope.bytes())?.code).toBe('waiver_malformed');
  });

  it('believes no key that goes by another key’s name', () => {
    const ledger = ledgerOf();
    const impostor = newKey();
    ledger.add('waived', {
      receipt: {
        key: {
          key_id: impostor.key_id,
          public_key: Buffer.from(ledger.operator.public_key).toString('base64'),
          user: 'safety@org',
          roles: ['safety_reviewer'],
        },
      },
    });
    expect(problemOf(ledger.bytes())).toEqual({ line: 1, code: 'receipt_of_another_line' });
  });
});
