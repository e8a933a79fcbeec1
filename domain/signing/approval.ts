// A signed version names who approved it and why; after the first, also the incident or ticket that called for it.
import { z } from 'zod';

/** Trimmed by whoever took it in: a signed text that changed on reading would have another digest. */
const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((v) => v.trim() === v && v.isWellFormed() && !v.includes('\0'));

/** `at` is RFC 3339; `ticket` and `incident_id` are null where there is none. */
export const approvalSchema = z.strictObject({
  by: text(256),
  reason: text(1024),
  ticket: text(256).nullable(),
  incident_id: text(64).nullable(),
  at: z.iso.datetime(),
});

export type Approval = z.infer<typeof approvalSchema>;

export interface ApprovalInput {
  by: string;
  reason: string;
  ticket: string | null;
  incident_id?: string | null;
  now: string;
}

export const isJustified = ({ ticket, incident_id }: Pick<Approval, 'ticket' | 'incident_id'>): boolean =>
  ticket !== null || incident_id !== null;
