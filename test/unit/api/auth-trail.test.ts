import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAuthTrail } from '../../../api/auth/trail.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'interlock-trail-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const folder = () => join(root, 'auth');
const file = () => join(folder(), 'audit.jsonl');
const lines = (path = file()) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the auth trail', () => {
  it('S1-102 is one JSON object a line that only its owner reads', () => {
    const trail = createAuthTrail(root);
    trail.write({ code: 'unauthenticated', source: '192.0.2.7' });
    trail.write({ code: 'token_issued', source: '127.0.0.1', actor: 'ada', detail: { role: 'viewer' } });
    trail.close();
    expect(lines()).toMatchObject([
      { code: 'unauthenticated', source: '192.0.2.7' },
      { code: 'token_issued', actor: 'ada', role: 'viewer' },
    ]);
    expect([statSync(folder()).mode & 0o777, statSync(file()).mode & 0o777]).toEqual([0o700, 0o600]);
  });

  it('takes back what others were allowed', () => {
    createAuthTrail(root).write({ code: 'a', source: 's' });
    chmodSync(folder(), 0o755);
    chmodSync(file(), 0o644);
    createAuthTrail(root).write({ code: 'b', source: 's' });
    expect([statSync(folder()).mode & 0o777, statSync(file()).mode & 0o777]).toEqual([0o700, 0o600]);
  });

  it('keeps a line a line, whatever a stranger sends, and a short one', () => {
    const trail = createAuthTrail(root);
    trail.write({ code: 'unauthenticated', source: `x\n{"code":"token_issued"}${'y'.repeat(5000)}` });
    trail.close();
    expect(lines()).toHaveLength(1);
    expect(readFileSync(file()).length).toBeLessThan(1000);
  });

  it('rotates by size and keeps the newest', () => {
    const trail = createAuthTrail(root, { maxBytes: 200, kept: 2 });
    for (let i = 0; i < 30; i++) trail.write({ code: `c${i}`, source: '192.0.2.7' });
    trail.close();
    const names = readdirSync(folder());
    expect(names).toHaveLength(3);
    expect(lines().at(-1)).toMatchObject({ code: 'c29' });
    for (const name of names) expect(statSync(join(folder(), name)).mode & 0o777).toBe(0o600);
  });

  it('goes on at its path when another process has rotated the file', () => {
    const trail = createAuthTrail(root);
    trail.write({ code: 'before', source: 's' });
    renameSync(file(), join(folder(), 'elsewhere'));
    trail.write({ code: 'after', source: 's' });
    trail.close();
    expect(lines()).toMatchObject([{ code: 'after' }]);
  });

  it('follows no link, refuses nobody when it cannot be written, and says so', () => {
    const troubles: unknown[] = [];
    const target = join(root, 'target');
    writeFileSync(target, '');
    createAuthTrail(root).write({ code: 'a', source: 's' });
    rmSync(file());
    symlinkSync(target, file());
    createAuthTrail(root, { onTrouble: (error) => troubles.push(error) }).write({ code: 'b', source: 's' });
    expect(readFileSync(target, 'utf8')).toBe('');
    expect(troubles).toMatchObject([{ code: 'ELOOP' }]);
  });
});
