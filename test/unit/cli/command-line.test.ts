import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadCommands } from '../../../cli/commands.ts';
import { GLOBAL_FLAGS } from '../../../cli/global-flags.ts';
import { fakeServer, run } from './run.ts';

const REPORT = ['incident', 'report', '--class', 'tool_call_burst', '--source', 's', '--description', 'd'];

describe('the command line', () => {
  it.each([
    [['nothing'], "there is no command 'nothing'"],
    [['incident', 'nothing'], "there is no command 'incident nothing'"],
    [['--colour', 'health'], "Unknown option '--colour'"],
    [['incident', 'show'], 'ID is missing'],
    [['incident', 'show', 'a', 'b'], "unexpected argument 'b'"],
    [['gates', 'check', 'door'], 'GATE is one of agent, airlock, vault, model, tool'],
    [['incident', 'list', '--state', 'lost'], '--state is one of'],
    [['incident', 'list', '--limit', 'few'], '--limit takes a whole number'],
    [['incident', 'list', '--limit', '1', '--limit', '2'], '--limit is given twice'],
    [['incident', 'list', '--colour'], "Unknown option '--colour'"],
    [['incident', 'report', '--class', 'tool_call_burst'], '--source is missing'],
    [[...REPORT, '--evidence', '{'], 'the evidence is not JSON'],
    [[...REPORT, '--evidence', '@/nowhere'], 'the evidence file /nowhere cannot be read (ENOENT)'],
    [['model', 'release', 'x', '--reason', 'r'], 'one of --removed and --verified is needed'],
    [['health', '--base-url', 'ftp://x'], 'the base URL is not an http or https URL'],
    [['health', '--base-url', 'http://me:secret@x'], 'the base URL carries credentials'],
    [['health', '--token-file', '/nowhere'], 'the token file /nowhere cannot be read (ENOENT)'],
  ])('%j is a usage error', async (argv, sentence) => {
    const { code, out, err } = await run(argv);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(`error: ${sentence}`);
    expect(err).toContain('(usage)');
    expect(err).not.toContain('secret');
  });

  it('takes global flags before the command, between its words and behind it', async () => {
    const { url, seen } = await fakeServer(() => ({ body: [] }));
    const lines = [
      ['--base-url', url, '--workspace=lab', '--json', 'incident', 'list'],
      ['incident', '--base-url', url, '--workspace', 'lab', 'list', '--json'],
      ['incident', 'list', '--json', '--workspace', 'lab', '--base-url', url],
    ];
    for (const argv of lines) expect(await run(argv)).toEqual({ code: 0, out: '[]\n', err: '' });
    expect(seen.map((s) => s.headers['x-interlock-workspace'])).toEqual(['lab', 'lab', 'lab']);
    expect((await run(['health'], { INTERLOCK_URL: url })).code).toBe(1);
    expect(seen.at(-1)?.path).toBe('/health');
  });

  it('explains itself', async () => {
    expect(await run(['--help'])).toMatchObject({ code: 0, err: '' });
    expect((await run(['recovery', '--help'])).out).toContain('recovery reattest');
    const { code, out } = await run(['gates', 'check', '-h']);
    expect([code, out.includes('Usage: interlock gates check GATE [TARGET] [flags]')]).toEqual([0, true]);
    const bare = await run([]);
    expect([bare.code, bare.out]).toEqual([2, '']);
    expect(bare.err).toContain('Usage: interlock COMMAND');
  });

  it('has one file per command, named as the command is, whose flags shadow no global one but where the definition is the JSON', async () => {
    const commands = await loadCommands();
    const files = readdirSync('cli/commands').sort();
    expect(commands.map(({ name }) => `${name.replaceAll(' ', '-')}.ts`).sort()).toEqual(files);
    const own = commands.flatMap(({ name, flags = {} }) => Object.keys(flags).map((flag) => ({ name, flag })));
    expect(own.filter(({ flag }) => flag in GLOBAL_FLAGS)).toEqual([{ name: 'adapters put', flag: 'json' }]);
  });
});
