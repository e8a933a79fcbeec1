import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bundleDigest } from '../../domain/registry/manifest.ts';
import { sha256 } from './incidents.ts';

/** A registry with the one bundle `agent` 1.0.0, for whoever asks. */
export async function openSmallRegistry(): Promise<{ url: string; close: () => Promise<void> }> {
  const license = Buffer.from('do as you like\n');
  const hex = createHash('sha256').update(license).digest('hex');
  const manifest = {
    blobs: [{ path: 'LICENSE', sha256: hex, size: license.length }],
    transition_digest: `sha256:${'1'.repeat(64)}`,
    license: { id: 'Apache-2.0', sha256: hex },
    policy_profile: 'audit-strict',
    policy_hash: `sha256:${'2'.repeat(64)}`,
    created_at: '2026-01-02T03:04:05Z',
  };
  const id = { name: 'agent', version: '1.0.0' };
  const bundle = JSON.stringify({
    ...id,
    digest: `sha256:${bundleDigest(id, manifest, sha256)}`,
    manifest: { ...id, ...manifest },
  });
  const server = createServer((req, res) => {
    const isBlob = req.url === `/v1/registry/blobs/sha256:${hex}`;
    const body = isBlob ? license : Buffer.from(bundle);
    if (!isBlob && req.url !== '/v1/registry/bundles/agent/1.0.0') return void res.writeHead(404).end();
    res.writeHead(200, {
      'Content-Type': isBlob ? 'application/octet-stream' : 'application/json',
      'Content-Length': body.length,
    });
    res.end(req.method === 'HEAD' ? undefined : body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => new Promise((resolve) => server.close(() => resolve())) };
}
