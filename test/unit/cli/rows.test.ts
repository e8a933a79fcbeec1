import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { rowsDocument, rowsOf } from '../../../script/rows.ts';

const TEXT = `
describe('S4-32 the ten steps', () => {
  it('S4-36 S4-37 both are \\'trusted\\'', () => undefined);
  it.each([7])('S4-18 pages of %i', () => undefined);
  it('S1-115 S4-18 a third digit', () => undefined);
  it('says S4-99 in the middle', () => undefined);
});`;

describe('the rows of the runbooks', () => {
  it('are found in the names of tests', () => {
    expect(rowsOf('f.test.ts', TEXT).map(({ row, test }) => `${row} ${test}`)).toEqual([
      'S4-32 the ten steps',
      "S4-36 both are 'trusted'",
      "S4-37 both are 'trusted'",
      'S4-18 pages of %i',
      'S1-115 a third digit',
      'S4-18 a third digit',
    ]);
  });

  it('are listed in order, with the place of the test', () => {
    const lines = rowsDocument(rowsOf('f.test.ts', TEXT)).split('\n');
    expect(lines.filter((line) => line.startsWith('- '))).toEqual([
      '- **S1-115**',
      '- **S4-18**',
      '- **S4-32**',
      '- **S4-36**',
      '- **S4-37**',
    ]);
    expect(lines).toContain('  - pages of %i ([f.test.ts](../../f.test.ts))');
  });

  it('are up to date in docs/runbooks/rows.md; else run node script/rows.ts', () => {
    const { status, stderr } = spawnSync(process.execPath, ['script/rows.ts', '--check'], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });
});
