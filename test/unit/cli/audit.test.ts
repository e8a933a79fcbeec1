import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { csvLine } from '../../../cli/output/csv.ts';
import { fakeServer, problem, run } from './run.ts';
import type { Canned, Seen } from './run.ts';
import { removeTree } from '../../support/remove-tree.ts';

const folder = mkdtempSync(join(tmpdir(), 'interlock-audit-'));
afterAll(() => removeTree(folder));

const event = (n: number, more: object = {}) => ({
  id: `1-${n}`,
  ts: '2026-03-14T12:00:00.000Z',
  user_id: 'ann',
  on_behalf_of: null,
  action: 'export_approved',
  entity_type: 'export',
  entity_id: `EXP-${n}`,
  workspace_id: 'default',
  ...more,
});

/** Three pages, the last one as `last` says. */
const pages = (last: () => Canned) =>
  fakeServer(({ path }: Seen) => {
    if (path.includes('cursor=b')) return last();
    const next = path.includes('cursor=a') ? 'b' : 'a';
    return { body: [event(next === 'a' ? 1 : 2)], headers: { Link: `</v1/audit?cursor=${next}>; rel="next"` } };
  });
const three = () => pages(() => ({ body: [event(3, { on_behalf_of: '=cmd|"x"!A1', action: 'a\u001b[31m' })] }));

describe('audit', () => {
  it('S0-32 asks for the last 7 days and prints the newest as a table', async () => {
    const { url, seen } = await three();
    const { code, out, err } = await run(['audit', '--actor', 'ann', '--entity', 'INC-1', '--base-url', url]);
    expect(code).toBe(0);
    expect(out.split('\n')[0]).toBe('TIME                      USER  FOR  ACTION           TYPE    ENTITY');
    expect(out.split('\n')[1]).toBe('2026-03-14T12:00:00.000Z  ann   -    export_approved  export  EXP-1');
    expect(err).toBe('there are more: --json or --csv writes them all\n');
    expect(seen.map((s) => s.path)).toEqual(['/v1/audit?since=7d&actor=ann&entity=incident%2FINC-1']);
  });

  it('S0-33 writes every entry as JSON', async () => {
    const { url } = await three();
    const { out } = await run(['audit', '--since', '30d', '--json', '--base-url', url]);
    expect((JSON.parse(out) as { id: string }[]).map((e) => e.id)).toEqual(['1-1', '1-2', '1-3']);
    expect(out).not.toContain('\u001b');
    const none = await fakeServer(() => ({ body: [] }));
    expect((await run(['audit', '--json', '--base-url', none.url])).out).toBe('[]\n');
  });

  it('S0-33 writes every entry as CSV into a file of its own, and says its digest', async () => {
    const { url } = await three();
    const file = join(folder, 'audit.csv');
    const ran = await run(['audit', '--csv', '--out', file, '--base-url', url]);
    const text = readFileSync(file, 'utf8');
    const digest = createHash('sha256').update(text).digest('hex');
    expect(ran).toEqual({ code: 0, out: '', err: `3 entries in ${file}, SHA-256 ${digest}\n` });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const lines = text.split('\r\n');
    expect(lines[0]).toBe('ts,user_id,on_behalf_of,action,entity_type,entity_id,workspace_id,id');
    expect(lines[1]).toBe('2026-03-14T12:00:00.000Z,ann,,export_approved,export,EXP-1,default,1-1');
    expect(lines[3]).toContain(`,"'=cmd|""x""!A1",`);
    expect(lines).toHaveLength(5);
    const again = await run(['audit', '--csv', '--out', file, '--base-url', url]);
    expect([again.code, readFileSync(file, 'utf8')]).toEqual([2, text]);
  });

  it('S0-33 an extract that breaks off leaves no file', async () => {
    const { url } = await pages(() => problem(503, 'database_unreachable'));
    const file = join(folder, 'broken.json');
    const ran = await run(['audit', '--json', '--out', file, '--base-url', url]);
    expect([ran.code, existsSync(file)]).toEqual([7, false]);
  });

  it.each([
    ['--csv', '--json'],
    ['--out', join(folder, 'x')],
    ['--csv', '--out', join(folder, 'nowhere', 'x')],
  ])('refuses %s %s', async (...flags) => {
    expect((await run(['audit', ...flags, '--base-url', 'http://127.0.0.1:1'])).code).toBe(2);
  });

  it('a cell of CSV is what RFC 4180 says, and no formula', () => {
    expect(csvLine(['a', 'b,c', 'd"e', 'f\ng', null, undefined, 7])).toBe('a,"b,c","d""e","f\ng",,,7\r\n');
    expect(csvLine(['=1+1', '+1', '-1', '@x', "'x"])).toBe("'=1+1,'+1,'-1,'@x,'x\r\n");
  });
});

describe('timeline', () => {
  const line = (index: number, action: string, more: object = {}) => ({
    id: `1-${index}`,
    index,
    entry: {
      at: `2026-03-14T12:00:0${index}.000Z`,
      actor: 'ann',
      on_behalf_of: null,
      action,
      object: 'incident/INC-1',
      detail: {},
      ...more,
    },
  });
  const lines = [
    line(1, 'incident_reported', { detail: { class: 'prompt_injection', actions: ['freeze_agent', 'log_alert'] } }),
    line(2, 'holds_placed', { detail: { holds: [{ by: 'freeze_agent', target: 'agent:|7' }] } }),
    line(3, 'recovery_acknowledged', { on_behalf_of: 'me@org', detail: { operator: 'me@org' } }),
    line(4, 'adapter_acknowledged', { object: 'adapter/ADP-1', actor: 'adapterSync', detail: { name: 'fw' } }),
  ];
  const incident = {
    id: 'INC-1',
    created_at: '2026-03-14T12:00:01.000Z',
    class: 'prompt_injection',
    severity: 'high',
    state: 'contained',
    source: 'guard',
    description: '# not a heading <img src=x> \u001b[31m|',
    acked_at: '2026-03-14T12:00:03.000Z',
    acked_by: 'me@org',
  };
  const answer = ({ path }: Seen): Canned => {
    if (path.startsWith('/api/v1/incidents/get')) return { body: incident };
    if (path.includes('cursor=')) return { body: lines.slice(2) };
    return {
      body: lines.slice(0, 2),
      headers: { Link: '</v1/incidents/INC-1/timeline?cursor=x>; rel="next"' },
    };
  };

  it('S1-115 says when, who and for whom, over all pages', async () => {
    const { url, seen } = await fakeServer(answer);
    const { out } = await run(['timeline', 'INC-1', '--base-url', url]);
    expect(out.split('\n').map((l) => l.split(/ {2,}/))).toEqual([
      ['TIME', 'WHO', 'WHAT', 'ABOUT', 'ENTRY', 'DETAIL'],
      [
        '2026-03-14T12:00:01.000Z',
        'ann',
        'incident_reported',
        '-',
        '1-1',
        'class prompt_injection; actions freeze_agent, log_alert',
      ],
      ['2026-03-14T12:00:02.000Z', 'ann', 'holds_placed', '-', '1-2', 'holds by freeze_agent target agent:|7'],
      ['2026-03-14T12:00:03.000Z', 'ann for me@org', 'recovery_acknowledged', '-', '1-3', 'operator me@org'],
      ['2026-03-14T12:00:04.000Z', 'adapterSync', 'adapter_acknowledged', 'adapter/ADP-1', '1-4', 'name fw'],
      [''],
    ]);
    expect(seen[0]?.path).toBe('/v1/incidents/INC-1/timeline');
    const asJson = await run(['timeline', 'INC-1', '--json', '--base-url', url]);
    expect(JSON.parse(asJson.out)).toEqual(lines);
  });

  it('S1-115 is Markdown for a postmortem, in which text is text', async () => {
    const { url } = await fakeServer(answer);
    const { out } = await run(['timeline', 'INC-1', '--markdown', '--base-url', url]);
    expect(out).toContain('# Timeline of INC-1\n');
    expect(out).toContain('\n\\# not a heading \\<img src=x\\> \\\\u001b\\[31m\\|\n');
    expect(out).toContain('- Acknowledged: 2026-03-14T12:00:03.000Z by me@org\n- Resolved: not yet\n');
    const rows = out.split('\n').filter((l) => l.startsWith('| 2026'));
    expect(rows).toHaveLength(4);
    expect(rows[2]).toBe(
      '| 2026-03-14T12:00:03.000Z | ann for me@org | recovery\\_acknowledged |  | operator me@org | 1-3 |',
    );
    // Every row has as many cells as the heading, whatever its text holds.
    for (const row of rows) expect(row.replaceAll('\\|', '').split('|')).toHaveLength(8);
    expect((await run(['timeline', 'INC-1', '--markdown', '--json', '--base-url', url])).code).toBe(2);
  });

  it('of an incident that nobody knows is a no', async () => {
    const { url } = await fakeServer(() => problem(404, 'incident_not_found'));
    expect((await run(['timeline', 'INC-9', '--base-url', url])).code).toBe(1);
  });
});
