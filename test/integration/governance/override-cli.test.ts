import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../unit/cli/run.ts';
import { allPublished, startSequencers } from '../../support/log.ts';
import { startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';

let api: ApiUnderTest;
let sequencers: { stop: () => Promise<void> };
beforeAll(async () => {
  api = await startApi();
  sequencers = startSequencers(api);
});
afterAll(async () => {
  await sequencers?.stop();
  await api?.close();
});

const interlock = (...argv: string[]) => run([...argv, '--base-url', api.url]);
const json = async <T>(...argv: string[]) => JSON.parse((await interlock(...argv, '--json')).out) as T;

describe('export override', () => {
  const status = async () => (await interlock('status')).out;

  it('S0-10 S0-11 S0-12 is opened, shown in the status, cleared, off, and reviewed', async () => {
    expect(await status()).toContain('override: none\n');
    const opened = await interlock(
      'export',
      'override',
      '--ticket',
      'INC-7',
      '--for',
      '30m',
      '--reason',
      'registry down',
    );
    expect(opened).toMatchObject({ code: 0, err: '' });
    const id = /^override: (OVR-\S+)$/m.exec(opened.out)?.[1] ?? '';
    expect(await status()).toMatch(/^override: active ticket=INC-7 expires=\S+$/m);
    expect(await status()).toMatch(/^warning: override_live since \S+ OVR-/m);
    expect(await json<object>('status')).toMatchObject({
      governance: { override: { ticket: 'INC-7', by: 'local-operator' } },
    });
    expect(await interlock('export', 'override', '--ticket', 'INC-8', '--for', '30m', '--reason', 'r')).toMatchObject({
      code: 4,
    });
    expect(await interlock('export', 'override', 'review', id, '--note', 'n', '--confirm', id)).toMatchObject({
      code: 4,
    });
    expect(await interlock('export', 'override', 'clear')).toMatchObject({
      code: 0,
      out: `override: none\ncleared: ${id}\n`,
    });
    expect((await interlock('export', 'override', 'clear')).out).toContain('none stood');
    expect(await status()).toContain('override: none\n');
    expect(await status()).not.toContain('override_live');
    expect(await interlock('export', 'override', 'review', id, '--note', 'n')).toMatchObject({ code: 4 });
    expect(await interlock('export', 'override', 'review', id, '--note', 'right', '--confirm', id)).toMatchObject({
      code: 0,
    });
    expect((await interlock('export', 'override', 'show', id)).out).toContain('single_operator: yes');
    expect((await interlock('export', 'override', 'list')).out).toContain('INC-7');
    await allPublished(api.db);
    expect((await interlock('audit', '--since', '1d', '--entity', `override/${id}`)).out).toContain('override_opened');
  });

  it('S0-10 asks for a ticket, a reason and at most an hour', async () => {
    const open = (...more: string[]) => interlock('export', 'override', ...more);
    expect(await open('--for', '30m', '--reason', 'r')).toMatchObject({ code: 2 });
    expect(await open('--ticket', 'T', '--for', '30m')).toMatchObject({ code: 2 });
    expect(await open('--ticket', 'T', '--for', '61m', '--reason', 'r')).toMatchObject({ code: 2 });
    expect(await open('--ticket', 'T', '--for', '0s', '--reason', 'r')).toMatchObject({ code: 2 });
    expect(await interlock('export', 'override', 'show', 'OVR-1')).toMatchObject({ code: 1 });
  });
});
