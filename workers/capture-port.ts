import type { CaptureActivities } from '../activities/capture/types.ts';
import type { Database } from '../db/client.ts';
import { attendCapture } from '../db/command/attend-capture.ts';

/** The record's side of `captureWindow`, on one database. */
export const capturePort = (db: Database): CaptureActivities => ({
  attendCapture: async (of) => (await attendCapture(db, of)) ?? null,
});
