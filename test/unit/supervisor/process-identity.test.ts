import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { identityOf, isRunning, parseIdentity } from '../../../script/supervisor/process-identity.ts';

describe('process identity', () => {
  it('recognises this process', () => {
    const identity = identityOf(process.pid);
    expect(identity).toBeDefined();
    expect(isRunning(identity!)).toBe(true);
    expect(parseIdentity(JSON.stringify(identity))).toEqual(identity);
  });

  it('tells a reused pid from the process that had it', () => {
    const identity = identityOf(process.pid)!;
    expect(isRunning({ ...identity, start_ticks: '1' })).toBe(false);
    expect(isRunning({ ...identity, boot_id: 'another boot' })).toBe(false);
  });

  it('reads past a process name with blanks and parentheses', async () => {
    const child = spawn('bash', ['-c', 'exec -a x sleep 5'], { argv0: ') R 1 (' });
    await once(child, 'spawn');
    expect(identityOf(child.pid!)?.start_ticks).toMatch(/^\d+$/);
    child.kill();
    await once(child, 'exit');
    expect(identityOf(child.pid!)).toBeUndefined();
  });

  it.each(['', '{', '{"pid":"1"}', '{"pid":1}'])('takes %j for no identity', (text) => {
    expect(parseIdentity(text)).toBeUndefined();
  });
});
