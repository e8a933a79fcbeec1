import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { canonicalJson } from '../../domain/canonical/json.ts';
import { decodeUtf8Strict } from '../../domain/json/utf8.ts';
import { JUSTIFICATION_BYTES, readWaiver, WAIVER_TYPE, WAIVER_VALID_MS } from '../../domain/governance/waiver.ts';
import type { BundleId } from '../../domain/registry/manifest.ts';
import type { DsseEnvelope } from '../../domain/signing/dsse.ts';
import type { Session } from '../command.ts';
import { durationSeconds } from '../duration.ts';
import { UsageError } from '../errors.ts';
import { readSigningKey, signEnvelope } from '../keys/key-file.ts';
import { withProgress } from '../output/progress.ts';
import type { RecordedWaiver } from './answers.ts';
import { bundleInFolder, licenseOf } from './folder.ts';
import { catchUp, forgetPending, keepPending, pendingEnvelope } from './ledger-file.ts';

export interface WaiveFlags {
  bundle: string;
  transition: string;
  scope: string;
  justification: string;
  role: string;
  identity: string;
  'signing-key': string;
  license: string;
  for: string | undefined;
  name: string | undefined;
  version: string | undefined;
}

/** What the server says that a waiver has to name. */
interface Signable {
  instance: string;
  workspace: string;
  now: string;
  bundles: (BundleId & { digest: string })[];
}

/**
 * Signs a waiver for the bundle in a folder, has it recorded, and adds its line to the folder’s ledger. Asked again after a
 * failure it sends the envelope that was signed then. Errors: UsageError, CliError, those of the client.
 */
export async function waive(
  command: string,
  flags: WaiveFlags,
  { client, out }: Session,
): Promise<{ waiver: RecordedWaiver; added: number }> {
  const key = readSigningKey(flags['signing-key'], command);
  const justification = await justificationOf(flags.justification, command);
  const seconds = flags.for === undefined ? WAIVER_VALID_MS.default / 1000 : durationSeconds(flags.for, 'for', command);
  if (seconds < 1 || seconds * 1000 > WAIVER_VALID_MS.most) throw new UsageError('--for is at most 7d', command);
  const { transition, scope, role, identity } = flags;
  const { body: terms } = await client.get<Signable>('/v1/governance/signable', { query: { transition } });
  const { instance, workspace, now } = terms;
  const bundle = await withProgress(
    out.progress,
    'reading the bundle',
    bundleInFolder(client, flags.bundle, named(flags, command) ?? terms.bundles),
  );
  const { name, version, digest } = bundle;
  const content = {
    ...{ instance, workspace, bundle: { name, version, digest }, transition_digest: transition, scope, justification },
    license: await licenseOf(flags.bundle, flags.license, bundle, command),
    ...{ role, identity, key_id: key.key_id },
  };
  const asked = createHash('sha256')
    .update(canonicalJson({ ...content, seconds }))
    .digest('hex');
  const sign = async (): Promise<DsseEnvelope> => {
    const not_after = new Date(Date.parse(now) + seconds * 1000).toISOString();
    const payload = new TextEncoder().encode(canonicalJson({ ...content, issued_at: now, not_after }));
    if (readWaiver(payload) === null)
      throw new UsageError('this is no waiver that an instance takes: see --role and --identity', command);
    const envelope = signEnvelope(key, WAIVER_TYPE, payload);
    await keepPending(flags.bundle, { asked, not_after, envelope });
    return envelope;
  };
  const envelope = (await pendingEnvelope(flags.bundle, asked, now)) ?? (await sign());
  const { body: waiver } = await client.post<RecordedWaiver>('/v1/governance/waivers', { envelope });
  const added = await catchUp(client, flags.bundle, digest);
  await forgetPending(flags.bundle);
  return { waiver, added };
}

function named({ name, version }: WaiveFlags, command: string): BundleId[] | undefined {
  if (name === undefined && version === undefined) return undefined;
  if (name === undefined || version === undefined) throw new UsageError('--name and --version go together', command);
  return [{ name, version }];
}

/** Written down beforehand, in a file: nobody waives in passing. Errors: UsageError. */
async function justificationOf(given: string, command: string): Promise<string> {
  if (!given.startsWith('@')) throw new UsageError('--justification takes a file: @FILE', command);
  const file = given.slice(1);
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new UsageError(
      `the justification ${file} cannot be read (${String((error as { code?: unknown }).code)})`,
      command,
    );
  });
  if (bytes.length > JUSTIFICATION_BYTES)
    throw new UsageError(`the justification ${file} is longer than ${JUSTIFICATION_BYTES} bytes`, command);
  try {
    const text = decodeUtf8Strict(bytes);
    if (text.trim() !== '' && !text.includes('\0')) return text;
  } catch {
    // Falls through to the refusal.
  }
  throw new UsageError(`the justification ${file} holds no text`, command);
}
