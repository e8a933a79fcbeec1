import { randomUUID } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical/json.ts';
import { isSha256Hex } from '../../domain/canonical/hash.ts';
import { DECISION_TYPE, readStatement, SIGNED_VALID_MS } from '../../domain/signing/decision-statement.ts';
import type { Session } from '../command.ts';
import { CliError, UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { readSigningKey, signEnvelope } from './key-file.ts';

export const SIGN_FLAGS = {
  key: {
    kind: 'text',
    value: 'FILE',
    required: true,
    about: 'the file of the private key: PKCS#8 PEM, OpenSSH or 32 raw bytes',
  },
  'not-after': {
    kind: 'text',
    value: '5m',
    about: 'how long the signature is good, at most 10m; or until when (RFC 3339)',
  },
  'decision-id': { kind: 'text', value: 'ID', about: 'makes a repeat the same decision; by default a new one' },
  offline: { kind: 'boolean', about: 'ask no server: --instance and --binding say what it would' },
  instance: { kind: 'text', about: 'the name of the instance' },
  'workflow-id': { kind: 'text', value: 'W', about: 'the process that waits; by default recovery/ID' },
  binding: { kind: 'text', value: 'HEX', about: 'the containment binding, as recovery status --json shows it' },
} as const;

export const SIGN_NOTES =
  'Prints what is signed, and the JSON for `temporal workflow signal --input` or the Web UI; with --json nothing but that.\nThe signature is for this process, on this containment, and good for minutes.';

interface SignFlags {
  key: string;
  'not-after': string | undefined;
  'decision-id': string | undefined;
  offline: boolean;
  instance: string | undefined;
  'workflow-id': string | undefined;
  binding: string | undefined;
}

/** What the record says of the incident that a signature has to name. */
interface Where {
  instance: string;
  workflow_id: string;
  containment_binding: string;
}

/** Signs a decision about an incident and prints it; nothing is sent to anybody. Errors: UsageError, those of the client. */
export async function signDecision(
  command: string,
  id: string,
  decision: { name: string } & Record<string, unknown>,
  flags: SignFlags,
  { client, out }: Session,
): Promise<ExitCode> {
  const key = readSigningKey(flags.key, command);
  const where = flags.offline ? given(id, flags, command) : await asked(id, flags, client, command);
  const statement = {
    ...where,
    decision,
    decision_id: flags['decision-id'] ?? randomUUID(),
    key_id: key.key_id,
    not_after: endOf(flags['not-after'] ?? '5m', command),
  };
  const payload = new TextEncoder().encode(canonicalJson(statement));
  if (readStatement(payload) === null) throw new UsageError('this is no decision that an instance takes', command);
  const input = { envelope: signEnvelope(key, DECISION_TYPE, payload) };
  const { name, ...fields } = decision;
  const json = JSON.stringify(input);
  out.answer(input, () => {
    out.facts([
      ['instance', statement.instance],
      ['workflow_id', statement.workflow_id],
      ['decision', name],
      ...Object.entries(fields).map(([field, value]) => [`decision.${field}`, String(value)] as const),
      ['containment_binding', statement.containment_binding],
      ['decision_id', statement.decision_id],
      ['key_id', statement.key_id],
      ['not_after', statement.not_after],
      ['payload_type', DECISION_TYPE],
      ['input', json],
    ]);
    out.line(`temporal workflow signal --workflow-id ${statement.workflow_id} --name ${name} --input '${json}'`);
  });
  return EXIT.done;
}

function given(id: string, flags: SignFlags, command: string): Where {
  const { instance, binding, 'workflow-id': workflow_id = `recovery/${id}` } = flags;
  if (instance === undefined) throw new UsageError('--instance is missing', command);
  if (binding === undefined) throw new UsageError('--binding is missing', command);
  if (!isSha256Hex(binding)) throw new UsageError('--binding is no containment binding', command);
  if (!/^[a-z]+\/[\x21-\x26\x28-\x7e]+$/.test(workflow_id) || !workflow_id.endsWith(`/${id}`))
    throw new UsageError('--workflow-id is no process of this incident', command);
  return { instance, workflow_id, containment_binding: binding };
}

async function asked(id: string, flags: SignFlags, client: Session['client'], command: string): Promise<Where> {
  if ([flags.instance, flags.binding, flags['workflow-id']].some((flag) => flag !== undefined))
    throw new UsageError('--instance, --binding and --workflow-id are for --offline', command);
  const path = `/v1/incidents/${encodeURIComponent(id)}/signable`;
  const { body } = await client.get<Omit<Where, 'workflow_id'> & { workflow_id: string | null }>(path);
  const { instance, workflow_id, containment_binding } = body;
  if (workflow_id === null)
    throw new CliError(`no process waits for a decision about ${id}`, 'nothing_waits', EXIT.blocked);
  return given(id, { ...flags, instance, 'workflow-id': workflow_id, binding: containment_binding }, command);
}

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000 };

function endOf(text: string, command: string): string {
  const span = /^(\d{1,5})(s|m)$/.exec(text);
  const now = Date.now();
  const end = span === null ? Date.parse(text) : now + Number(span[1]) * (UNIT_MS[span[2] ?? ''] ?? 0);
  if (!(end > now && end <= now + SIGNED_VALID_MS))
    throw new UsageError('--not-after is at most 10m from now, as 300s, 5m or an RFC 3339 time', command);
  return new Date(end).toISOString();
}
