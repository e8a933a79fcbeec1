import { hash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical/json.ts';
import type { Queryable } from '../client.ts';
import { unnestInsert } from './unnest.ts';

/** An entry before it is a leaf. `detail` is plain JSON without free text and without secrets. */
export interface EntryDraft {
  workspace_id: string;
  at: string;
  actor: string;
  on_behalf_of: string | null;
  action: string;
  object: string;
  record_hash: string | null;
  record_version: number | null;
  detail: Record<string, unknown>;
  policy_digest: string | null;
}

const COLUMNS = [
  'workspace_id',
  'at',
  'actor',
  'on_behalf_of',
  'action',
  'object',
  'record_hash',
  'record_version',
  'detail',
  'policy_digest',
  'leaf',
  'leaf_hash',
] as const;
const TYPES = ['text', 'timestamptz', 'text', 'text', 'text', 'text', 'text', 'int4', 'text', 'text', 'text', 'bytea'];
const INSERT = unnestInsert('ledger_entries', COLUMNS, TYPES);

/** RFC 9162 §2.1.1: the hash of a leaf is SHA-256(0x00 || leaf). */
export const leafHash = (leaf: string): Buffer => hash('sha256', `\u0000${leaf}`, 'buffer');

/** Appends entries in order; the leaf is the RFC 8785 JSON of the draft. */
export async function writeEntries(tx: Queryable, drafts: EntryDraft[]): Promise<void> {
  if (drafts.length === 0) return;
  const list = drafts.map((draft) => {
    const leaf = canonicalJson(draft);
    return { ...draft, detail: canonicalJson(draft.detail), leaf, leaf_hash: leafHash(leaf) };
  });
  await tx.query({ name: 'ledger-insert', text: INSERT.text, values: INSERT.values(list) });
}
