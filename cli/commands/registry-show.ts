import type { BundleManifest } from '../../domain/registry/manifest.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

interface ShownAnswer {
  name: string;
  version: string;
  digest: string;
  bytes: number;
  published_at: string;
  published_by: string;
  manifest: BundleManifest;
}

export const command = defineCommand({
  name: 'registry show',
  about: 'Show a bundle with its manifest',
  operands: { name: { about: 'of the bundle' }, version: { about: 'of the bundle' } },
  run: async ({ operands: { name, version } }, { client, out }) => {
    const path = `/v1/registry/bundles/${encodeURIComponent(name)}/${encodeURIComponent(version)}`;
    const { body } = await client.get<ShownAnswer>(path);
    const { manifest } = body;
    out.answer(body, () => {
      out.facts([
        ['name', body.name],
        ['version', body.version],
        ['digest', body.digest],
        ['bytes', body.bytes],
        ['published_at', body.published_at],
        ['published_by', body.published_by],
        ['created_at', manifest.created_at],
        ['transition_digest', manifest.transition_digest],
        ['license', manifest.license.id],
        ['policy_profile', manifest.policy_profile],
        ['policy_hash', manifest.policy_hash],
      ]);
      const columns = [
        { head: 'PATH', cell: (blob: (typeof manifest.blobs)[number]) => blob.path },
        { head: 'BYTES', cell: (blob: (typeof manifest.blobs)[number]) => blob.size },
        { head: 'SHA256', cell: (blob: (typeof manifest.blobs)[number]) => blob.sha256 },
      ];
      out.table(manifest.blobs, columns, 'no blobs');
    });
    return EXIT.done;
  },
});
