import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Queryable } from '../db/client.ts';
import { getIncident } from '../db/read/incident.ts';
import type { Incident } from '../domain/incident/types.ts';

const LONGEST_WAIT_S = 60;
const STEP_MS = 100;

/** Seconds of `Prefer: wait=N` (RFC 7240 §4.3), at most 60; a preference that cannot be read is none. */
export function waitPreference(header: string | string[] | undefined): number | undefined {
  const all = Array.isArray(header) ? header.join(',') : header;
  const seconds = /(?:^|[,\s])wait[\t ]*=[\t ]*"?(\d{1,9})"?(?=$|[,;\s])/i.exec(all ?? '')?.[1];
  return seconds === undefined ? undefined : Math.min(Number(seconds), LONGEST_WAIT_S);
}

const waitsForAdapters = (i: Incident): boolean => i.state === 'open' && i.pending_actions > 0;

/** The incident once no adapter is waited for any more, or as it stands after `seconds`, or when the client has gone. */
export async function untilSettled(
  db: Queryable,
  incident: Incident,
  seconds: number,
  req: IncomingMessage,
): Promise<Incident> {
  const deadline = performance.now() + seconds * 1000;
  let current = incident;
  while (waitsForAdapters(current) && performance.now() < deadline && !req.socket.destroyed) {
    await pause(STEP_MS);
    current = (await getIncident(db, incident.workspace_id, incident.id)) ?? current;
  }
  return current;
}
