import { createSecretKey } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { StepFailure } from '../../../activities/rotation/strategy.ts';
import type { RotationStrategy, StepContext } from '../../../activities/rotation/strategy.ts';
import { defaultPayloadKeyFile } from '../../../config/payload-keys.ts';
import { nodesHeard } from '../../../db/read/nodes-heard.ts';
import { EncryptingCodec } from '../../../storage/payload-codec.ts';
import { expectOpened, expectSealedBy, SAMPLE } from '../payload-codec-door.ts';
import type { CodecDoor, WirePayload } from '../payload-codec-door.ts';
import { freshLine, readLines, writeLines } from '../payload-key-file.ts';
import type { KeyLine } from '../payload-key-file.ts';
import type { StrategyDeps } from '../strategies.ts';
import { readToken } from '../token-file.ts';

/** A node is asked for a quote every 30 s; a step has a minute. */
const HEARD_WITHIN_MS = 40_000;
const LOOK_EVERY_MS = 500;

/**
 * The key that seals what the engine keeps. The new one is added to the file, where every process opens with it, before it
 * comes first and seals. The old one goes on opening: histories are kept sealed as they were, among the blobs for as long as
 * the record, and a ceremony may wait for months. So the old key fails at one thing, to seal; it is never removed here.
 */
function payloadKey(deps: StrategyDeps): RotationStrategy {
  const { db, baseUrl, stateRoot, adminTokenFile } = deps;
  const file = deps.payloadKeysFile ?? defaultPayloadKeyFile(stateRoot);
  const door = async (): Promise<CodecDoor> => ({
    baseUrl,
    token: adminTokenFile === undefined ? undefined : await readToken(adminTokenFile),
  });

  async function lineOf(key_id: unknown, code: string): Promise<{ line: KeyLine; lines: KeyLine[] }> {
    const lines = await readLines(file);
    const line = lines.find((each) => each.key_id === key_id);
    if (line === undefined) throw new StepFailure(code);
    return { line, lines };
  }

  /** Every process opens what this key sealed, and has it before anything is sealed by it. */
  async function expectOpens(key_id: unknown, code: string): Promise<void> {
    const { line } = await lineOf(key_id, 'key_missing');
    await expectOpened(await door(), await sealedBy(line), code);
  }

  async function putFirst(key_id: unknown): Promise<void> {
    const { line, lines } = await lineOf(key_id, 'key_missing');
    if (lines[0]?.key_id !== key_id) await writeLines(file, [line, ...lines.filter((each) => each.key_id !== key_id)]);
  }

  return {
    row: 'payload_key',
    inspect: async ({ subject }) => {
      if (subject !== '') throw new StepFailure('subject_unexpected');
      const [first, ...others] = await readLines(file);
      const key_id = first?.key_id ?? '';
      await expectSealedBy(await door(), key_id, 'api_seals_otherwise');
      const evidence = { key_id, opening: others.map((line) => line.key_id) };
      return { evidence, memory: { old_key_id: key_id } };
    },
    stage: async ({ memory }) => {
      if (memory['new_key_id'] === undefined) {
        const line = freshLine();
        // A step that died before its record is taken again with another key; the one that it left opens nothing.
        await writeLines(file, [...(await readLines(file)), line]);
        return { more: true, evidence: { key_id: line.key_id }, memory: { new_key_id: line.key_id } };
      }
      await expectOpens(memory['new_key_id'], 'api_does_not_open');
      return { evidence: { key_id: memory['new_key_id'], opened_by: 'api' } };
    },
    cut_over: async ({ memory: { old_key_id, new_key_id } }) => {
      const present = (await readLines(file))[0]?.key_id;
      if (present !== new_key_id && present !== old_key_id) throw new StepFailure('key_changed');
      await expectOpens(new_key_id, 'api_does_not_open');
      const { heard, silent, now } = await nodesHeard(db);
      await putFirst(new_key_id);
      const evidence = { key_id: new_key_id, nodes: heard, nodes_silent: silent };
      return { evidence, memory: { cut_at: now, nodes: JSON.stringify(heard) } };
    },
    prove_new: async ({ memory }) => {
      const key_id = String(memory['new_key_id']);
      await expectSealedBy(await door(), key_id, 'new_seals_nothing');
      const nodes = JSON.parse(String(memory['nodes'] ?? '[]')) as string[];
      await expectAnswers(nodes, String(memory['cut_at']));
      return { evidence: { sealed_by: key_id, nodes } };
    },
    prove_old: async ({ memory: { old_key_id, new_key_id } }) => {
      await expectSealedBy(await door(), String(new_key_id), 'old_key_seals');
      await expectOpens(old_key_id, 'old_payloads_unreadable');
      return { evidence: { seals: new_key_id, opens: old_key_id } };
    },
    revoke: async () => {
      const [, ...others] = await readLines(file);
      return { evidence: { kept_for_opening: others.map((line) => line.key_id) } };
    },
    undo: async (step, { memory: { old_key_id, new_key_id } }: StepContext) => {
      if (step === 'cut_over') {
        await putFirst(old_key_id);
        return { evidence: { key_id: old_key_id } };
      }
      // It may have sealed something, and seals nothing from here on.
      return { evidence: { kept_for_opening: new_key_id ?? null } };
    },
  };

  /** A node that cannot open what it is asked with gives no answer. */
  async function expectAnswers(nodes: readonly string[], since: string): Promise<void> {
    const deadline = performance.now() + (deps.nodeAnswersWithinMs ?? HEARD_WITHIN_MS);
    for (;;) {
      const { silent } = await nodesHeard(db, since);
      const missing = nodes.filter((node) => silent.includes(node));
      if (missing.length === 0) return;
      if (performance.now() >= deadline)
        throw new StepFailure('node_silent', { retry: true, evidence: { nodes: missing } });
      await sleep(LOOK_EVERY_MS);
    }
  }
}

async function sealedBy({ key_id, hex }: KeyLine): Promise<WirePayload> {
  const bytes = Buffer.from(hex, 'hex');
  const codec = new EncryptingCodec([{ key_id, key: createSecretKey(bytes) }]);
  bytes.fill(0);
  const metadata = Object.fromEntries(
    Object.entries(SAMPLE.metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
  );
  const [sealed] = await codec.encode([{ metadata, data: Buffer.from(SAMPLE.data, 'base64') }]);
  return {
    metadata: Object.fromEntries(
      Object.entries(sealed?.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
    ),
    data: Buffer.from(sealed?.data ?? []).toString('base64'),
  };
}

/** The key of the engine's payloads. */
export const createStrategies = (deps: StrategyDeps): RotationStrategy[] => [payloadKey(deps)];
