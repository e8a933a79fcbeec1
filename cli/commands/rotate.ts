import { setTimeout as sleep } from 'node:timers/promises';
import { ROTATION_ROWS } from '../../domain/rotation/plan.ts';
import type { Client } from '../client.ts';
import { defineCommand } from '../command.ts';
import { durationSeconds } from '../duration.ts';
import { withProgress } from '../output/progress.ts';
import { rotationExit, rotationPath, showRotation } from '../rotations.ts';
import type { RotationAnswer, RotationDetail } from '../rotations.ts';

const NAME = 'rotate';
const LOOK_EVERY_MS = 500;
const WAIT = '60s';

export const command = defineCommand({
  name: NAME,
  about: 'Rotate a credential or a key, and prove that the new one works and the old one fails',
  notes:
    'Waits for the end, with --wait only so long; what is not over then gets exit code 3 and goes on. Exit code 1: it failed or was undone.\n--compromised: the old one never comes back, not even to undo a failure, and there is no overlap.',
  operands: {
    row: { about: 'what is rotated', values: ROTATION_ROWS },
    subject: { about: 'which one, where there are several', optional: true },
  },
  flags: {
    reason: { kind: 'text', required: true, about: 'why it is rotated' },
    ticket: { kind: 'text', about: 'the ticket that called for it' },
    overlap: { kind: 'text', value: 'DURATION', about: 'how long both work: 24h, 7d' },
    compromised: { kind: 'boolean', about: 'the old one is known to others' },
    'dry-run': { kind: 'boolean', about: 'change nothing, say what is missing' },
    wait: { kind: 'text', value: 'DURATION', about: `how long to wait for the end, by default ${WAIT}` },
  },
  run: async ({ operands: { row, subject }, flags }, { client, out }) => {
    const { reason, ticket, overlap, compromised, wait = WAIT } = flags;
    const patience = durationSeconds(wait, 'wait', NAME);
    const asked = {
      row,
      reason,
      compromised,
      dry_run: flags['dry-run'],
      ...(subject === undefined ? {} : { subject }),
      ...(ticket === undefined ? {} : { ticket }),
      ...(overlap === undefined ? {} : { overlap_seconds: durationSeconds(overlap, 'overlap', NAME) }),
    };
    const { body } = await client.post<RotationAnswer>('/v1/rotations', asked);
    const rotation = await withProgress(out.progress, 'rotating', untilOver(client, body.rotation_id, patience));
    out.answer(rotation, () => showRotation(out, rotation));
    return rotationExit(rotation);
  },
});

async function untilOver(client: Client, id: string, patience: number): Promise<RotationDetail> {
  const deadline = performance.now() + patience * 1000;
  for (;;) {
    const { body } = await client.get<RotationDetail>(rotationPath(id));
    if (body.finished_at !== null || performance.now() >= deadline) return body;
    await sleep(LOOK_EVERY_MS);
  }
}
