import { spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { barLine, withProgress } from '../../../cli/output/progress.ts';
import { run } from './run.ts';

describe('completion', () => {
  /** What bash offers for a command line whose last word is being typed. */
  async function offered(line: string[]): Promise<string[]> {
    const { out } = await run(['completion', 'bash']);
    const words = ['interlock', ...line].map((word) => `'${word}'`).join(' ');
    const ask = `COMP_WORDS=(${words}); COMP_CWORD=${line.length}; _interlock; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const bash = spawnSync('bash', ['--norc', '-euc', `${out}\n${ask}`], { encoding: 'utf8' });
    expect(bash.stderr).toBe('');
    return bash.stdout.split('\n').filter((word) => word !== '');
  }

  it('knows commands, operands, flags and their values', async () => {
    expect(await offered(['att'])).toEqual(['attestation']);
    expect(await offered(['attestation', 'r'])).toEqual(['reference', 'retire']);
    expect(await offered(['attestation', 'reference', ''])).toContain('approve');
    expect(await offered(['gates', 'check', 'v'])).toEqual(['vault']);
    expect(await offered(['incident', 'list', '--s'])).toEqual(['--state', '--severity']);
    expect(await offered(['incident', 'list', '--state', 'contained'])).toEqual(['contained']);
    expect(await offered(['--json', 'recovery', 'ack-'])).toEqual(['ack-set']);
  });

  it('is for zsh too, and for no other shell', async () => {
    expect((await run(['completion', 'zsh'])).out).toContain('bashcompinit');
    expect((await run(['completion', 'fish'])).code).toBe(2);
  });
});

describe('progress', () => {
  it('says how far it is, or that it goes on', () => {
    expect(barLine('listing', 3200, { done: 1, of: 4 })).toBe('listing [#####...............] 1 of 4, 3 s');
    expect(barLine('waiting', 0, undefined)).toBe('waiting [#...................] 0 s');
  });

  it('is drawn after a second, and taken away again', async () => {
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text) };
    await withProgress(stream, 'quick', Promise.resolve(1));
    expect(written).toEqual([]);
    expect(await withProgress(stream, 'slow', pause(1300, 2))).toBe(2);
    expect(written[0]).toContain('slow [');
    expect(written.at(-1)).toBe('\r\u001b[K');
  });
});
