import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundleManifest } from '../../domain/registry/manifest.ts';
import type { Session } from '../command.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { withProgress } from '../output/progress.ts';
import { filesUnder, manifestFile, newestOf, requireManifest } from '../registry/bundle.ts';
import { measure, putFile } from '../registry/put-file.ts';

const NAME = 'registry publish';

interface PublishedAnswer {
  name: string;
  version: string;
  digest: string;
  published_at: string;
}

type Given = Record<'transition' | 'license' | 'license-file' | 'policy-profile' | 'policy-hash', string | undefined>;

export const command = defineCommand({
  name: NAME,
  about: 'Publish a bundle, once and for good',
  notes: `SOURCE is a manifest whose blobs are put already, or a folder: then its files are put, and the flags say the rest. The same
again changes nothing; another bundle under the same version is refused.`,
  operands: {
    name: { about: 'of the bundle' },
    version: { about: 'of the bundle' },
    source: { about: 'a folder, or a file with the manifest' },
  },
  flags: {
    transition: { kind: 'text', value: 'DIGEST', about: 'what the bundle is the outcome of, sha256:…' },
    license: { kind: 'text', value: 'ID', about: 'the license, as Apache-2.0' },
    'license-file': { kind: 'text', value: 'PATH', about: 'its text, as a path inside the folder' },
    'policy-profile': { kind: 'text', value: 'NAME', about: 'the policy profile it was made under' },
    'policy-hash': { kind: 'text', value: 'DIGEST', about: 'of that policy, sha256:…' },
  },
  run: async ({ operands: { name, version, source }, flags }, session) => {
    const { client, out } = session;
    const manifest = (await isFolder(source)) ? await fromFolder(source, flags, session) : await manifestFile(source);
    const path = `/v1/registry/bundles/${encodeURIComponent(name)}/${encodeURIComponent(version)}`;
    const { body } = await withProgress(out.progress, 'publishing', client.put<PublishedAnswer>(path, manifest));
    out.answer(body, () => out.facts(Object.entries(body) as [string, string][]));
    return EXIT.done;
  },
});

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      throw new UsageError(`${path} cannot be read (${String((error as { code?: unknown }).code)})`, NAME);
    },
  );

async function fromFolder(folder: string, flags: Given, { client, out }: Session): Promise<BundleManifest> {
  const given = (flag: keyof Given): string => {
    const value = flags[flag];
    if (value === undefined) throw new UsageError(`--${flag} is missing`, NAME);
    return value;
  };
  const paths = await filesUnder(folder);
  const files = [];
  for (const path of paths)
    files.push({ path, ...(await withProgress(out.progress, `reading ${path}`, measure(join(folder, path)))) });
  const license = files.find((file) => file.path === given('license-file'));
  if (license === undefined) throw new UsageError(`${given('license-file')} is not in the folder`, NAME);
  const manifest = requireManifest({
    blobs: files,
    transition_digest: given('transition'),
    license: { id: given('license'), sha256: license.sha256 },
    policy_profile: given('policy-profile'),
    policy_hash: given('policy-hash'),
    created_at: await newestOf(folder, paths),
  });
  const part = { done: 0, of: files.reduce((sum, file) => sum + file.size, 0) };
  for (const file of files) {
    const before = part.done;
    const work = putFile(client, join(folder, file.path), file, (bytes) => (part.done = before + bytes));
    await withProgress(out.progress, `putting ${file.path}`, work, () => part);
  }
  return manifest;
}
