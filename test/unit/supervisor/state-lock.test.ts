import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { identityOf } from '../../../script/supervisor/process-identity.ts';
import { takeStateLock } from '../../../script/supervisor/state-lock.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';

describe('state lock', () => {
  it('refuses a second holder and names the first', () => {
    const root = temporaryStateRoot();
    const lock = takeStateLock(root);
    expect(() => takeStateLock(root)).toThrow(
      expect.objectContaining({ code: 'held', message: `${root} is in use by process ${process.pid}` }) as Error,
    );
    lock.release();
    takeStateLock(root).release();
    expect(readdirSync(root)).toEqual([]);
  });

  it.each([
    ['of a process that is gone', JSON.stringify({ ...identityOf(process.pid), start_ticks: '1' })],
    ['whose writing was cut short', '{"pid":'],
    ['that is empty', ''],
  ])('takes over a lock %s', (_case, text) => {
    const root = temporaryStateRoot();
    writeFileSync(join(root, 'lock'), text);
    const lock = takeStateLock(root);
    expect(JSON.parse(readFileSync(join(root, 'lock'), 'utf8'))).toEqual(identityOf(process.pid));
    lock.release();
    expect(readdirSync(root)).toEqual([]);
  });

  it('does not release what another holder took', () => {
    const root = temporaryStateRoot();
    const lock = takeStateLock(root);
    writeFileSync(join(root, 'lock'), 'of another');
    lock.release();
    expect(readFileSync(join(root, 'lock'), 'utf8')).toBe('of another');
  });
});
