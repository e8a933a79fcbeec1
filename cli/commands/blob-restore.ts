import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { withProgress } from '../output/progress.ts';
import { requireDigest } from '../registry/bundle.ts';
import { measure, uploadFile } from '../registry/put-file.ts';

interface RestoredAnswer {
  digest: string;
  bytes: number;
  state: string;
  restored: string | null;
}

export const command = defineCommand({
  name: 'blob restore',
  about: 'Put a missing or corrupt blob of the registry back in its place',
  notes: `From the newest older version that its bucket has, or from a backup with --from, which is checked against the digest here
and there. What is whole is left as it is.`,
  operands: { digest: { about: 'sha256:…' } },
  flags: { from: { kind: 'text', value: 'FILE', about: 'its bytes, where the store has no older version' } },
  run: async ({ operands: { digest }, flags: { from } }, { client, out }) => {
    requireDigest(digest);
    let body: { upload_id?: string } = {};
    if (from !== undefined) {
      const measured = await withProgress(out.progress, 'reading', measure(from));
      if (`sha256:${measured.sha256}` !== digest) throw new UsageError(`${from} is not what the digest names`);
      const part = { done: 0, of: measured.size };
      const work = uploadFile(client, from, measured, (bytes) => (part.done = bytes));
      body = { upload_id: await withProgress(out.progress, 'sending', work, () => part) };
    }
    const work = client.post<RestoredAnswer>(`/v1/registry/blobs/${digest}/restore`, body);
    const answer = (await withProgress(out.progress, 'restoring', work)).body;
    const { restored, ...blob } = answer;
    out.answer(answer, () => out.facts([...Object.entries(blob), ['restored', restored ?? 'no, it was whole']]));
    return EXIT.done;
  },
});
