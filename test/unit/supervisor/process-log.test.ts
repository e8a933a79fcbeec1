import { readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ProcessLog } from '../../../script/supervisor/process-log.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';

describe('process log', () => {
  it('shows what one run wrote, not the runs before it', () => {
    const log = new ProcessLog(join(temporaryStateRoot(), 'log/a.log'));
    log.lend((descriptor) => writeSync(descriptor, 'first\n'));
    const offset = log.lend((descriptor, begin) => {
      writeSync(descriptor, 'second\n');
      return begin;
    });
    expect(log.since(offset)).toBe('second\n');
    expect(readFileSync(log.path, 'utf8')).toBe('first\nsecond\n');
  });

  it('moves aside what is past 16 MiB and is appended to from the start', () => {
    const log = new ProcessLog(join(temporaryStateRoot(), 'a.log'));
    log.lend((descriptor) => {
      writeSync(descriptor, 'small');
      log.rotate();
      expect(statSync(log.path).size).toBe(5);
      writeSync(descriptor, Buffer.alloc(16 * 1024 * 1024, 'x'));
      log.rotate();
      writeSync(descriptor, 'after');
    });
    expect(readFileSync(log.path, 'utf8')).toBe('after');
    expect(statSync(`${log.path}.1`).size).toBe(16 * 1024 * 1024 + 5);
    expect(log.since(1_000)).toBe('after');
  });
});
