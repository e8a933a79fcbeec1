import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { readKeys } from '../../config/secret-value.ts';
import type { MasterKeySource } from '../../db/command/pin-master-key.ts';
import type { Database } from '../../db/client.ts';
import type { IntakeReply } from '../../db/command/intake.ts';
import { reportingAdapter } from '../../db/read/reporting-adapter.ts';
import type { ReportingAdapter } from '../../db/read/reporting-adapter.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { parseReport } from '../../domain/report/report.ts';
import { expiryOf, isTimely } from '../../domain/signing/webhook.ts';
import type { SignedHeaders } from '../../domain/signing/webhook.ts';
import { createBuckets } from '../auth/buckets.ts';
import { parseJson } from '../body.ts';
import { invalidFields } from '../fields.ts';
import type { IntakeQueue } from '../intake-queue.ts';
import { createRefusals } from './refusals.ts';
import { isSignedBy } from './signature.ts';
import { createSlotValues } from './slot-values.ts';

export interface IncomingEvent {
  workspace_id: string;
  name: string;
  /** Null when they are missing or malformed. */
  headers: SignedHeaders | null;
  /** As it came: that is what was signed. */
  body: Buffer;
}

export interface AdapterEvents {
  /**
   * Takes an event to intake, once per id. Errors: unauthenticated, too_many_requests, class_not_permitted, stale_state
   * (the adapter was changed meanwhile), those of `parseReport` and of intake.
   */
  take(event: IncomingEvent): Promise<Extract<IntakeReply, { ok: true }>>;
  /** Has everything in the ledger that was refused so far. */
  close(): Promise<void>;
}

export interface AdapterEventsDeps {
  db: Database;
  intake: IntakeQueue;
  masterKey: MasterKeySource;
  log: Logger;
}

/** What a registered adapter may send: a hundred events at once, then fifty a second. */
export const PER_ADAPTER = { burst: 100, everyMs: 20, most: 10_000 } as const;

/** Compared with where there is no key: an unknown name takes as long as a known one. */
const NO_KEY = randomBytes(32);

/** The door for what adapters have to say: the signature is the credential, whatever else the request carries. */
export function createAdapterEvents({ db, masterKey, intake, log }: AdapterEventsDeps): AdapterEvents {
  const refusals = createRefusals({ db, log });
  const allowance = createBuckets(PER_ADAPTER);
  const slotValue = createSlotValues({ db, masterKey });

  /** Either secret of a rotation may be gone: the other one is enough. */
  async function keysOf({ adapter_id, secret_ref, previous_secret_ref }: ReportingAdapter, workspace_id: string) {
    const refs = [secret_ref, previous_secret_ref].filter((ref) => ref !== null);
    return (await readKeys(refs, (ref) => slotValue({ workspace_id, adapter_id }, ref))).keys;
  }

  /** Why the event is not believed, or null. The same answer for all of them: the ledger alone says which. */
  async function doubt(
    adapter: ReportingAdapter | undefined,
    { workspace_id, headers, body }: IncomingEvent,
  ): Promise<string | null> {
    if (headers === null) return 'headers_malformed';
    const keys = adapter === undefined ? [] : await keysOf(adapter, workspace_id);
    const signed = isSignedBy(headers, body, keys.length === 0 ? [NO_KEY] : keys);
    for (const key of keys) key.fill(0);
    if (!signed) return keys.length === 0 ? 'secret_unavailable' : 'signature_invalid';
    return isTimely(headers, Date.parse(adapter?.now ?? '')) ? null : 'timestamp_out_of_tolerance';
  }

  return {
    take: async (event) => {
      const { workspace_id, name, headers, body } = event;
      const adapter = await reportingAdapter(db, workspace_id, name);
      const note = ({ adapter_id }: ReportingAdapter, signed: boolean, code: string) =>
        refusals.note({ workspace_id, adapter_id, name, signed, code });
      const doubted = await doubt(adapter, event);
      if (adapter === undefined || headers === null || doubted !== null) {
        log.warn({ event: 'adapter_event.refused', workspace_id, adapter: name, code: doubted });
        const signed = doubted === 'timestamp_out_of_tolerance';
        if (adapter !== undefined && doubted !== null) await note(adapter, signed, doubted);
        throw new DomainError('unauthenticated');
      }
      if (!allowance.take(`${workspace_id}/${adapter.adapter_id}`)) throw new DomainError('too_many_requests');
      const { report, evidence } = reportOf(body, name);
      if (!adapter.classes.includes(report.class)) {
        await note(adapter, true, 'class_not_permitted');
        throw new DomainError('class_not_permitted');
      }
      const reply = await intake.submit({
        workspace_id,
        actor: `adapter:${name}`,
        on_behalf_of: null,
        report,
        evidence,
        key: null,
        event: {
          adapter_id: adapter.adapter_id,
          adapter_version: adapter.version,
          webhook_id: headers.id,
          expires_at: new Date(expiryOf(headers)).toISOString(),
        },
      });
      if (reply.ok) return reply;
      const { code, path } = reply;
      throw new DomainError(code, path === undefined ? {} : { fields: [{ path, code }] });
    },
    close: () => refusals.close(),
  };
}

/** An event is a report without its source, for that is the adapter. Errors: those of `parseJson` and `parseReport`. */
function reportOf(body: Buffer, name: string) {
  const value = parseJson(body);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isObject && 'source' in value) invalidFields({ path: 'source', code: 'unknown_field' });
  const parsed = parseReport(isObject ? { ...value, source: `adapter:${name}` } : value);
  if (parsed.ok) return parsed;
  const { code, fields } = parsed.problem;
  throw new DomainError(code, fields === undefined ? {} : { fields });
}
