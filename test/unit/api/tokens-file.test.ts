import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findToken, parseTokens, watchTokens } from '../../../api/auth/tokens-file.ts';

const sha256 = createHash('sha256').update('secret').digest('hex');
const entry = { sha256, user: 'ops', role: 'operator' };

describe('tokens file', () => {
  it.each([
    ['lines', `${JSON.stringify(entry)}\n\n`],
    ['an array', JSON.stringify([entry])],
  ])('reads %s', (_name, text) => {
    expect(findToken(parseTokens(text), 'secret')).toEqual({
      actor: 'ops',
      roles: ['operator'],
      workspace_id: 'default',
    });
    expect(findToken(parseTokens(text), 'Secret')).toBeUndefined();
  });

  it('keeps what a reporter is bound to', () => {
    const bound = { ...entry, role: 'reporter', workspace: 'lab', source: 'gateway', classes: ['tool_call_burst'] };
    expect(findToken(parseTokens(JSON.stringify(bound)), 'secret')).toEqual({
      actor: 'ops',
      roles: ['reporter'],
      workspace_id: 'lab',
      report_source: 'gateway',
      report_classes: ['tool_call_burst'],
    });
  });

  it.each([
    ['no JSON', 'secret'],
    ['a clear token', JSON.stringify({ token: 'secret', user: 'ops', role: 'operator' })],
    ['an unknown role', JSON.stringify({ ...entry, role: 'root' })],
    ['no role', JSON.stringify({ sha256, user: 'ops' })],
    ['role and roles', JSON.stringify({ ...entry, roles: ['viewer'] })],
    ['a token twice', JSON.stringify([entry, entry])],
    ['an unknown key', JSON.stringify({ ...entry, rolle: 'viewer' })],
  ])('refuses %s without repeating it', (_name, text) => {
    expect(() => parseTokens(text)).toThrow(expect.objectContaining({ code: 'tokens_malformed' }) as Error);
    expect(() => parseTokens(text)).not.toThrow(/secret/);
  });

  it('holds no tokens when it cannot be read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'interlock-tokens-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const errors: unknown[] = [];
    expect((await watchTokens(join(folder, 'none'), (e) => errors.push(e))()).size).toBe(0);
    writeFileSync(join(folder, 'bad'), '{');
    expect((await watchTokens(join(folder, 'bad'), (e) => errors.push(e))()).size).toBe(0);
    expect(errors).toHaveLength(2);
  });
});
