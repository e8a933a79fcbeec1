// What is on record besides the log, one JSON value a line and as of one moment: the log says what each of it has to be.
import { z } from 'zod';

const instant = z.iso.datetime();
const text = z.string();
const count = z.int().min(0);
const counter = z.string().regex(/^(?:0|[1-9][0-9]{0,18})$/);

/** The moment: entries below `from` were written by then, those from it on may have been written after it. */
const head = z.strictObject({
  kind: z.literal('head'),
  origin: text,
  epoch: z.int().min(1),
  at: instant,
  from: count,
  /** Whose records these are: those of other workspaces are not in it. */
  workspaces: z.array(text).min(1).max(16),
});

/** A key that anchors: whoever has it verifies the quotes. */
const node = z.strictObject({ kind: z.literal('node'), node: text, ak_name: text, ak_public: text });

/** As `log_anchors` has it; counters are decimal. */
const anchor = z.strictObject({
  kind: z.literal('anchor'),
  anchor_id: count,
  size: count,
  root: text,
  note: text,
  node: text,
  ak_name: text,
  counter_before: counter,
  counter_value: counter.nullable(),
  evidence: text.nullable(),
  completed: z.boolean(),
});

/** An incident as its readers get it. */
const incident = z.strictObject({
  kind: z.literal('incident'),
  workspace_id: text,
  record: z.record(text, z.unknown()),
});

const hold = z.strictObject({
  kind: z.literal('hold'),
  workspace_id: text,
  hold_id: text,
  incident_id: text.nullable(),
  action: text,
  gate: text,
  target: text,
  released: z.boolean(),
});

/** The last line: a signed checkpoint of `size` leaves covers all of it; `digest` is the SHA-256 of the lines before, hex. */
const end = z.strictObject({ kind: z.literal('end'), size: count, digest: z.string().regex(/^[0-9a-f]{64}$/) });

/** The lines in their order: head, nodes, anchors by their ids, incidents, holds, end. */
export const recordLineSchema = z.discriminatedUnion('kind', [head, node, anchor, incident, hold, end]);
export type RecordLine = z.infer<typeof recordLineSchema>;
export type RecordsHead = z.infer<typeof head>;
export type RecordsEnd = z.infer<typeof end>;
export type AnchorLine = z.infer<typeof anchor>;
export type NodeLine = z.infer<typeof node>;
export type IncidentLine = z.infer<typeof incident>;
export type HoldLine = z.infer<typeof hold>;

/** An incident has at most 64 KiB of evidence, of which each byte may be six in JSON. */
export const MOST_LINE_BYTES = 1024 * 1024;
