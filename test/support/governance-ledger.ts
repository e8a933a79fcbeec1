import { makeLine } from '../../domain/governance/line.ts';
import { NO_LINE, RECEIPT_TYPE, receiptPayload } from '../../domain/governance/receipt.ts';
import type { Receipt } from '../../domain/governance/receipt.ts';
import { envelopeDigest } from '../../domain/governance/waiver.ts';
import type { WaiverStatement } from '../../domain/governance/waiver.ts';
import { toBase64 } from '../../domain/signing/base64.ts';
import { sha256 } from './incidents.ts';
import { newKey } from './operator-keys.ts';
import type { TestKey } from './operator-keys.ts';
import { signedWaiver } from './waivers.ts';

export const digestOfBundle = `sha256:${'d'.repeat(64)}`;

export const waiverBy = (key: TestKey, over: Partial<WaiverStatement> = {}): WaiverStatement => ({
  instance: 'here',
  workspace: 'default',
  bundle: { name: 'model', version: '1.0.0', digest: digestOfBundle },
  transition_digest: `sha256:${'1'.repeat(64)}`,
  scope: 'export_unapproved',
  justification: 'nobody can be reached',
  license: `sha256:${'a'.repeat(64)}`,
  role: 'safety_reviewer',
  identity: 'safety@org',
  issued_at: '2026-03-14T12:00:00Z',
  not_after: '2026-03-15T12:00:00Z',
  key_id: key.key_id,
  ...over,
});

/** A ledger as an instance writes it, in memory; whatever is said instead is written as it is. */
export function ledgerOf(instance: TestKey = newKey(), operator: TestKey = newKey()) {
  const lines: string[] = [];
  let prev = NO_LINE;
  const add = (
    event: Receipt['event'],
    { statement = waiverBy(operator), receipt = {} }: Added = {},
    signer = instance,
  ) => {
    const envelope = signedWaiver(operator, statement);
    const digest = envelopeDigest(envelope, sha256);
    const seq = lines.length + 1;
    const said: Receipt = {
      ...{ instance: 'here', workspace: 'default', event, waiver_id: `WVR-20260314-${digest.slice(0, 16)}` },
      ...{ waiver_digest: digest, bundle: statement.bundle, transition_digest: statement.transition_digest },
      ...{ scope: statement.scope, not_after: statement.not_after, by: 'safety@org', seq, prev },
      reason: event === 'revoked' ? 'not needed' : null,
      recorded_at: '2026-03-14T12:00:01Z',
      key: {
        key_id: operator.key_id,
        public_key: toBase64(operator.public_key),
        user: 'safety@org',
        roles: ['safety_reviewer'],
      },
      entry: 'e'.repeat(64),
      signer: { key_id: signer.key_id, public_key: toBase64(signer.public_key) },
      ...receipt,
    };
    const made = makeLine(
      {
        seq,
        prev,
        envelope: event === 'waived' ? envelope : null,
        receipt: signer.sign(RECEIPT_TYPE, receiptPayload(said)),
      },
      sha256,
    );
    lines.push(made.text);
    prev = made.line.hash;
  };
  return { add, lines, instance, operator, bytes: () => Buffer.from(lines.map((line) => `${line}\n`).join('')) };
}

interface Added {
  statement?: WaiverStatement;
  receipt?: Partial<Receipt>;
}
