import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryStateRoot } from '../../support/state-root.ts';
import { fakeServer, run } from './run.ts';

const refused = { status: 401, body: { code: 'unauthenticated', error: 'no' } };

describe('a token file that is replaced under a command', () => {
  it('is read again once when the token in hand is refused', async () => {
    const file = join(temporaryStateRoot(), 'token');
    writeFileSync(file, 'old-token-of-twenty-chars\n');
    const { url, seen } = await fakeServer(({ headers }) => {
      writeFileSync(file, 'new-token-of-twenty-chars\n');
      return headers.authorization === 'Bearer new-token-of-twenty-chars' ? { body: [] } : refused;
    });
    expect(await run(['incident', 'list', '--base-url', url, '--token-file', file])).toMatchObject({ code: 0 });
    expect(seen.length).toBe(2);
  });

  it('is no second attempt when it holds the same, or nothing', async () => {
    const file = join(temporaryStateRoot(), 'token');
    writeFileSync(file, 'old-token-of-twenty-chars\n');
    const { url, seen } = await fakeServer(() => refused);
    const list = () => run(['incident', 'list', '--base-url', url, '--token-file', file]);
    expect((await list()).code).toBe(6);
    expect(seen.length).toBe(1);
  });
});
