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

/** What a client waits for: `read` is asked again every `stepMs` for as long as it `moves`; undefined changes nothing. */
export interface Waiting<T> {
  moves: (current: T) => boolean;
  read: () => Promise<T | undefined>;
  stepMs: number;
}

/** The record once it moves no more, or as it stands after `seconds`, or when the client has gone. */
export async function untilStill<T>(
  record: T,
  { moves, read, stepMs }: Waiting<T>,
  seconds: number,
  req: IncomingMessage,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  let current = record;
  while (moves(current) && performance.now() < deadline && !req.socket.destroyed) {
    await pause(stepMs);
    current = (await read()) ?? current;
  }
  return current;
}

const waitsForAdapters = (i: Incident): boolean => i.state === 'open' && i.pending_actions > 0;

/** The incident once no adapter is waited for any more, or as it stands after `seconds`, or when the client has gone. */
export const untilSettled = (
  db: Queryable,
  incident: Incident,
  seconds: number,
  req: IncomingMessage,
): Promise<Incident> => {
  const read = () => getIncident(db, incident.workspace_id, incident.id);
  return untilStill(incident, { moves: waitsForAdapters, read, stepMs: STEP_MS }, seconds, req);
};
