import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadEkRootsFile } from '../../../config/ek-roots-file.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';

function certificate(folder: string, name: string): string {
  const out = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, `${name}.pem`)];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`, '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...out], { stdio: 'pipe' });
  return readFileSync(join(folder, `${name}.pem`), 'utf8');
}

function load(content: unknown) {
  const path = join(temporaryStateRoot(), 'roots.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return loadEkRootsFile(path);
}

describe('the file of EK roots', () => {
  it('names anchors, their worth and their intermediates', () => {
    const folder = temporaryStateRoot();
    const pem = certificate(folder, 'anchor') + certificate(folder, 'intermediate');
    const [root] = load([{ name: 'vendor', trust: 'hardware', pem }]);
    expect(root).toMatchObject({ name: 'vendor', trust: 'hardware' });
    expect(root?.anchor.subject).toBe('CN=anchor');
    expect(root?.intermediates.map((c) => c.subject)).toEqual(['CN=intermediate']);
  });

  it('is refused whole when anything in it is not as it must be', () => {
    const pem = certificate(temporaryStateRoot(), 'anchor');
    const entry = { name: 'vendor', trust: 'hardware', pem };
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    for (const content of [
      'no json',
      {},
      [{ ...entry, trust: 'some' }],
      [{ ...entry, pem: 'nothing' }],
      [{ ...entry, pem: pem + broken }],
      [entry, entry],
      [{ ...entry, more: 1 }],
    ]) {
      expect(() => load(content)).toThrow(expect.objectContaining({ code: 'ek_roots_malformed' }) as Error);
    }
    expect(() => loadEkRootsFile('/nonexistent')).toThrow(/cannot be read \(ENOENT\)/);
  });
});
