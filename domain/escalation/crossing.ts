// A crossing without an open escalation opens one, named by its incident; while one is open every crossing belongs to it.
import type { IncidentClass, Severity } from '../containment/types.ts';

/** Crossings whose incidents are listed as members: a flood is counted to its end, and listed to here. */
export const LISTED_CROSSINGS = 1_000;

/** The open escalation of a workspace and class. */
export interface OpenEscalation {
  /** The incident that opened it. */
  escalation: string;
  /** Reports that found the window full since it was opened. */
  crossings: number;
}

export interface Crossing extends OpenEscalation {
  workspace_id: string;
  class: IncidentClass;
  incident_id: string;
  opens: boolean;
  /** Incidents to list: those that this crossing raised, and its own. */
  members: string[];
  severity: Severity;
  window_seconds: number;
  actor: string;
  on_behalf_of: string | null;
}

/** The open escalation with one more crossing. */
export function cross(open: OpenEscalation | undefined, incident_id: string): OpenEscalation & { opens: boolean } {
  return {
    escalation: open?.escalation ?? incident_id,
    crossings: (open?.crossings ?? 0) + 1,
    opens: open === undefined,
  };
}

export const listed = (crossings: number, incidents: string[]): string[] =>
  crossings <= LISTED_CROSSINGS ? [...new Set(incidents)] : [];
