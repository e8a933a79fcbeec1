// A child adapter speaks JSON lines with us: states in, generations out, and by its lease it asks for what is its own.

/** A slot whose value the child is given, in the variable of its environment that it looks for it in. */
export interface CredentialSlot {
  slot: string;
  env: string;
}

/** What is run as an adapter. Arguments are seen by every user of the machine: credentials come by slots alone. */
export interface ChildCommand {
  /** An absolute path. */
  command: string;
  args: string[];
  credential_slots: CredentialSlot[];
}

/** In which variable a child finds the token of its lease. */
export const TOKEN_VARIABLE = 'INTERLOCK_LEASE_TOKEN';

/** Milliseconds from one heartbeat until a child is taken to be gone. */
export const LEASE_MS = 60_000;

/** A longer line is no line of the protocol. In UTF-16 code units. */
export const LONGEST_LINE = 64 * 1024;

/** What a child says: an answer to a message, that it lives, or that it wants the present value of one of its slots. */
export type ChildLine =
  | { kind: 'answer'; id: string; body: string }
  | { kind: 'heartbeat'; token: string }
  | { kind: 'fetch'; id: string; slot: string; token: string };

/** The line that a text is; null when it is none that we know. */
export function parseChildLine(text: string): ChildLine | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { id, heartbeat, fetch, token } = value as Record<string, unknown>;
  if (typeof heartbeat === 'string') return { kind: 'heartbeat', token: heartbeat };
  if (typeof id !== 'string') return null;
  if (fetch === undefined) return { kind: 'answer', id, body: text };
  return typeof fetch === 'string' && typeof token === 'string' ? { kind: 'fetch', id, slot: fetch, token } : null;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** Milliseconds until a child is started again after it ended `failures` times in a row. */
export const restartPauseMs = (failures: number): number =>
  failures === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 16));
