import { createHash, randomBytes } from 'node:crypto';
import type { IncidentEvent } from '../../domain/incident/transition.ts';
import type { Incident } from '../../domain/incident/types.ts';
import type { Database } from '../client.ts';
import { decideIncident } from './decide-incident.ts';
import type { By, Decided, Locked } from './decide-incident.ts';

export interface Acknowledgement {
  operator: string;
  note?: string;
  containment_binding?: string;
}

/**
 * The ceremony's acknowledgement. The note stays in the record; the entry carries its salted digest.
 * Refused with `already_resolved` or `containment_changed`.
 */
export async function acknowledgeRecovery(db: Database, asking: By, ack: Acknowledgement): Promise<Decided> {
  const salt = ack.note === undefined ? null : randomBytes(16).toString('hex');
  const event = ({ by }: Locked): IncidentEvent => ({
    kind: 'ack',
    operator: ack.operator,
    actor: by.actor,
    ...(salt === null || ack.note === undefined ? {} : { note_digest: saltedDigest(salt, ack.note) }),
    ...(ack.containment_binding === undefined ? {} : { containment_binding: ack.containment_binding }),
  });
  const also = async ({ tx, now, by }: Locked, incident: Incident): Promise<void> => {
    await tx.query({
      name: 'acknowledgement-insert',
      text: `INSERT INTO acknowledgements
        (workspace_id, incident_id, decision_id, operator, binding, note, note_salt, at, actor, on_behalf_of)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      values: [
        incident.workspace_id,
        incident.id,
        by.decision_id,
        ack.operator,
        incident.binding,
        ack.note ?? null,
        salt,
        now,
        by.actor,
        by.on_behalf_of,
      ],
    });
  };
  return decideIncident(db, asking, async (locked) => ({ asked: event(locked) }), { also, kind: 'ack' });
}

/** The salted digest of a free text, as an entry carries it: hex SHA-256(salt || text). */
export const saltedDigest = (salt: string, text: string): string =>
  createHash('sha256').update(Buffer.from(salt, 'hex')).update(text, 'utf8').digest('hex');
