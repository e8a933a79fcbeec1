import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { OidcClaimsFileError, loadOidcClaimsFile } from '../../../config/oidc-claims-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'interlock-claims-'));
afterAll(() => rmSync(folder, { recursive: true }));

function load(text: string | Uint8Array) {
  const file = join(folder, 'claims.yaml');
  writeFileSync(file, text);
  return loadOidcClaimsFile(file);
}

const rule = { match: { repository: 'acme/app', ref: 'refs/heads/main' }, role: 'operator', workspace: 'default' };

describe('the file of the claims table', () => {
  it('is YAML or JSON', () => {
    const yaml = '- match: { repository: acme/app, ref: refs/heads/main }\n  role: operator\n';
    expect(load(yaml)).toEqual([rule]);
    expect(load(JSON.stringify([rule]))).toEqual([rule]);
  });

  it.each([
    ['an approver', '- { match: { sub: a }, role: security_owner }', /0\.role: is none of viewer, reporter, operator/],
    ['anybody', '- { match: { ref: refs/heads/main }, role: viewer }', /0\.match: names none of sub/],
    ['a repeated key', '- { match: { sub: a }, role: viewer, role: operator }', /unique/],
    ['an alias', '- &a { match: { sub: a }, role: viewer }\n- *a', /aliases|Alias/],
    ['a tag', '- !!js/function { match: { sub: a }, role: viewer }', /tag/i],
    ['two documents', '- { match: { sub: a }, role: viewer }\n---\n- 1', /document/i],
    ['no rule', '[]', /the table/],
    ['nothing', '', /the table/],
    ['too much', ' '.repeat(256 * 1024 + 1), /longer/],
    ['bytes', Uint8Array.of(0xff), /UTF-8/],
  ])('with %s is refused', (_what, text, message) => {
    expect(() => load(text)).toThrow(message);
    expect(() => load(text)).toThrow(OidcClaimsFileError);
  });

  it('that is not there is refused', () => {
    expect(() => loadOidcClaimsFile(join(folder, 'none'))).toThrow(/cannot be read \(ENOENT\)/);
  });
});
