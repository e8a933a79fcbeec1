import type { EscalationActivities } from '../activities/escalation.ts';
import type { Database } from '../db/client.ts';
import { followEscalation } from '../db/command/follow-escalation.ts';

/** The activities of an escalation on one database. */
export const escalationPort = (db: Database): EscalationActivities => ({
  followEscalation: (of) => followEscalation(db, of),
});
