import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

type Report = { summary: { violations: { from: string; to: string; rule: { name: string } }[] } };

/** What dependency-cruiser says, with this repository's rules, about a tree of files given by path. */
function violations(files: Record<string, string>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'interlock-boundaries-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const name of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json']) cpSync(name, join(root, name));
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const cruiser = resolve('node_modules/.bin/depcruise');
  const folders = [...new Set(Object.keys(files).map((path) => path.split('/')[0] ?? ''))];
  const args = [cruiser, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders];
  const report = JSON.parse(spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' }).stdout) as Report;
  return report.summary.violations.map(({ from, rule }) => `${from}: ${rule.name}`).sort();
}

const value = (path: string) => `import { it } from '${path}';\nexport const use = it;\n`;
const type = (path: string) => `import type { It } from '${path}';\nexport type Use = It;\n`;
const exported = 'export const it = 1;\nexport type It = number;\n';

describe('import directions', () => {
  it('refuse what reaches upwards or outside', () => {
    const planted = {
      'domain/it.ts': exported,
      'domain/reads-files.ts': "import { readFileSync } from 'node:fs';\nexport const use = readFileSync;\n",
      'domain/asks-the-database.ts': "import pg from 'pg';\nexport const use = pg;\n",
      'workflows/it.ts': exported,
      'workflows/runs-an-activity.ts': value('../activities/it.ts'),
      'workflows/hashes.ts': "import { createHash } from 'node:crypto';\nexport const use = createHash;\n",
      'activities/it.ts': exported,
      'activities/opens-the-database.ts': value('../db/client.ts'),
      'db/client.ts': exported,
      'db/write/it.ts': exported,
      'db/keeps-blobs.ts': value('../storage/it.ts'),
      'storage/it.ts': exported,
      'native/it.ts': exported,
      'native/asks-the-api.ts': value('../api/it.ts'),
      'api/it.ts': exported,
      'api/runs-an-activity.ts': value('../activities/it.ts'),
      'api/starts-by-code.ts': value('../workflows/it.ts'),
      'api/writes-rows.ts': value('../db/write/it.ts'),
      'workers/serves.ts': value('../api/it.ts'),
      'cli/skips-the-api.ts': value('../db/client.ts'),
      'web/uses-a-test.ts': value('../test/it.ts'),
      'test/it.ts': exported,
    };
    expect(violations(planted)).toEqual([
      'activities/opens-the-database.ts: activities-are-handed-their-tools',
      'api/runs-an-activity.ts: api-commands-and-reads',
      'api/starts-by-code.ts: api-commands-and-reads',
      'api/writes-rows.ts: api-commands-and-reads',
      'cli/skips-the-api.ts: clients-speak-http',
      'db/keeps-blobs.ts: db-stands-alone',
      'domain/asks-the-database.ts: domain-is-pure',
      'domain/reads-files.ts: domain-is-pure',
      'native/asks-the-api.ts: native-stands-alone',
      'web/uses-a-test.ts: clients-speak-http',
      'web/uses-a-test.ts: nobody-imports-tools',
      'workers/serves.ts: workers-put-together',
      'workflows/hashes.ts: workflows-are-deterministic',
      'workflows/runs-an-activity.ts: workflows-are-deterministic',
    ]);
  });

  it('allow types from anywhere, and the packages each folder lives on', () => {
    const planted = {
      'domain/it.ts': `${exported}export { z } from 'zod';\nexport { sha256 } from '@noble/hashes/sha2.js';\n`,
      'workflows/it.ts': `${type('../activities/it.ts')}export { sleep } from '@temporalio/workflow';\n`,
      'workflows/ceremony/messages.ts': exported,
      'activities/it.ts': `${type('../db/client.ts')}${exported.replace(/It/g, 'Its')}`,
      'db/client.ts': `export { Pool } from 'pg';\n${exported}`,
      'api/it.ts': `export { it } from '../workflows/ceremony/messages.ts';\nexport { it as client } from '../db/client.ts';\n`,
      'workers/it.ts': "export { it } from '../activities/it.ts';\nexport { it as client } from '../db/client.ts';\n",
      'cli/break-glass/it.ts': value('../../db/client.ts'),
      'test/it.ts': value('../workers/it.ts'),
    };
    expect(violations(planted)).toEqual([]);
  });
});
