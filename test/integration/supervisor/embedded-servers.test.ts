import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { identityOf } from '../../../script/supervisor/process-identity.ts';
import { startStack, type Stack, type StackOptions } from '../../../script/supervisor/stack.ts';
import { freeStackPorts } from '../../support/free-ports.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';

const servers = ['postgres', 'temporal', 'swtpm'];
const readyTimeoutMs = 150_000;

async function query(stack: Stack, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: stack.urls.database });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(statement)).rows as unknown[];
  } finally {
    await client.end();
  }
}

async function options(): Promise<StackOptions> {
  return { stateRoot: temporaryStateRoot(), ports: await freeStackPorts(), only: servers, readyTimeoutMs };
}

describe('embedded servers', () => {
  it('are started again with their data after each is killed, and stop without a trace', async () => {
    const given = await options();
    const stack = await startStack(given);
    expect(Object.keys(stack.pids)).toEqual(servers);
    await query(stack, 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)');
    for (const name of servers) {
      const before = stack.pids[name];
      await stack.kill(name, 'SIGKILL');
      await stack.ready(name);
      expect(stack.pids[name]).not.toBe(before);
    }
    expect(await query(stack, 'SELECT id FROM kept')).toEqual([{ id: 7 }]);
    const pids = Object.values(stack.pids);
    await stack.stop();
    expect(pids.map(identityOf)).toEqual([undefined, undefined, undefined]);

    const again = await startStack(given);
    expect(await query(again, 'SELECT id FROM kept')).toEqual([{ id: 7 }]);
    await again.stop();
  });

  it('let Interlock in as a role that is no superuser, and nobody without a password', async () => {
    const stack = await startStack({ ...(await options()), only: ['postgres'] });
    const [role] = await query(
      stack,
      'SELECT rolname, rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user',
    );
    expect(role).toEqual({ rolname: 'interlock', rolsuper: false, rolcreatedb: true });
    const url = new URL(stack.urls.database);
    url.password = 'wrong';
    await expect(query({ ...stack, urls: { ...stack.urls, database: url.href } }, 'SELECT 1')).rejects.toMatchObject({
      code: '28P01',
    });
    await stack.stop();
  });
});
