import { createHash } from 'node:crypto';
import { fromBase64 } from '../../domain/signing/base64.ts';
import { readStatement, DECISION_TYPE, statementRefusal } from '../../domain/signing/decision-statement.ts';
import type { DecisionStatement } from '../../domain/signing/decision-statement.ts';
import { DsseError, dsseEnvelopeSchema, verifyEnvelope } from '../../domain/signing/dsse.ts';
import { UNAUTHENTICATED, decidingWorkspaces } from './caller.ts';
import type { Caller } from './caller.ts';
import type { Deciding, Decision } from './decide-incident.ts';
import { requestDigest } from './decisions.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { instanceName } from '../read/operator-keys.ts';
import type { OperatorKey } from '../read/operator-keys.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';

/** A decision as a signal brought it to a process: the envelope is of any shape and proves nothing yet. */
export interface SignedSignal {
  workspace_id: string;
  incident_id: string;
  /** The process it was sent to. */
  workflow_id: string;
  /** The name of the signal. */
  name: string;
  envelope: unknown;
}

/** What the envelope comes to under the lock of its key's row. */
type Known = { code: string } | { key: OperatorKey; statement: DecisionStatement; instance: string | undefined };

/** The statement that the envelope claims to be signed; null when it holds none. Nothing of it is proven. */
export function claimedStatement(envelope: unknown): DecisionStatement | null {
  const parsed = dsseEnvelopeSchema.safeParse(envelope);
  const payload = parsed.success ? fromBase64(parsed.data.payload) : null;
  return payload === null ? null : readStatement(payload);
}

/**
 * Whose decision a signed signal is: the signature is verified in the transaction that judges it, on the row of its key,
 * which no revocation passes meanwhile. What its key did not sign is nobody's and gets an id of its own, so that no
 * stranger uses up the id of a decision to come. Refused with the codes of DsseError and `StatementRefusal`,
 * `statement_malformed`.
 */
export function signedBy(signal: SignedSignal): Deciding {
  let known: Known = { code: 'key_unknown' };
  return {
    identify: async (tx) => {
      known = await authenticate(tx, signal);
      return 'code' in known ? nobody(signal) : decisionOf(signal, known);
    },
    refusal: ({ now, incident }) =>
      'code' in known
        ? known.code
        : statementRefusal(known.statement, known.key, { ...signal, ...known, now, binding: incident.binding }),
  };
}

/** Who asks for challenges by a signed signal, judged but for the incident's own row; the verdict judges all of it again. */
export async function signedCaller(
  db: Database,
  signal: SignedSignal,
): Promise<{ ok: true; caller: Caller } | { ok: false; code: string }> {
  return transaction(db, async (tx) => {
    const known = await authenticate(tx, signal);
    if ('code' in known) return { ok: false, code: known.code };
    const clock = await one<{ now: string }>(tx, 'SELECT clock_timestamp() AS now');
    const code = statementRefusal(known.statement, known.key, { ...signal, ...known, now: clock?.now ?? '' });
    return code === null ? { ok: true, caller: callerOf(known.key) } : { ok: false, code };
  });
}

async function authenticate(tx: Tx, { workspace_id, envelope }: SignedSignal): Promise<Known> {
  const statement = claimedStatement(envelope);
  const key = statement === null ? undefined : await lockKey(tx, workspace_id, statement.key_id);
  const keys = key === undefined ? [] : [{ ...key, public_key: new Uint8Array(key.public_key) }];
  try {
    verifyEnvelope(envelope, keys, DECISION_TYPE);
  } catch (error) {
    if (!(error instanceof DsseError)) throw error;
    const { code } = error;
    return { code: code === 'key_unknown' && statement === null ? 'statement_malformed' : code };
  }
  if (statement === null || key === undefined) return { code: 'statement_malformed' };
  return { key, statement, instance: await instanceName(tx) };
}

/** A key that still stands comes before one that was revoked, where `default` and `system` both have it. */
const lockKey = (tx: Tx, workspace_id: string, key_id: string): Promise<OperatorKey | undefined> =>
  one<OperatorKey>(
    tx,
    `SELECT * FROM operator_keys WHERE workspace_id = ANY($1) AND key_id = $2
      ORDER BY revoked_at IS NOT NULL, workspace_id LIMIT 1 FOR SHARE`,
    [decidingWorkspaces(workspace_id), key_id],
  );

const callerOf = ({ workspace_id, user_id }: OperatorKey): Caller => ({
  workspace_id,
  actor: user_id,
  on_behalf_of: null,
});

function decisionOf(signal: SignedSignal, { key, statement }: Extract<Known, { key: unknown }>): Decision {
  const { decision, decision_id, key_id, containment_binding, workflow_id } = statement;
  const by = key.revoked_at === null ? callerOf(key) : nobody(signal);
  const onBehalfOf = decision.name === 'ack' ? decision.operator : null;
  return {
    ...by,
    on_behalf_of: onBehalfOf,
    incident_id: signal.incident_id,
    decision_id,
    request_digest: requestDigest({ decision, key_id, containment_binding, workflow_id }),
    signed: { key_id, envelope: JSON.stringify(signal.envelope) },
  };
}

function nobody({ workspace_id, incident_id, envelope }: SignedSignal): Decision {
  const digest = createHash('sha256')
    .update(JSON.stringify([envelope]))
    .digest('hex');
  return {
    workspace_id,
    actor: UNAUTHENTICATED,
    on_behalf_of: null,
    incident_id,
    decision_id: `unproven/${digest}`,
    request_digest: digest,
  };
}
