import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { withProgress } from '../output/progress.ts';
import { requireDigest } from '../registry/bundle.ts';

interface StateAnswer {
  digest: string;
  bytes: number;
  state: string;
}

export const command = defineCommand({
  name: 'blob verify',
  about: 'Let the server read a blob of the registry against its digest, and record what it found',
  notes: 'Exits 1 when the blob is missing or corrupt: it is not served until it is whole again.',
  operands: { digest: { about: 'sha256:…' } },
  run: async ({ operands: { digest } }, { client, out }) => {
    requireDigest(digest);
    const work = client.post<StateAnswer>(`/v1/registry/blobs/${digest}/verify`, {});
    const { body } = await withProgress(out.progress, 'verifying', work);
    out.answer(body, () => out.facts(Object.entries(body) as [string, string | number][]));
    return body.state === 'intact' ? EXIT.done : EXIT.no;
  },
});
