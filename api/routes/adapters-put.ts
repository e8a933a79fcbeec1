import { mayRun } from '../../config/adapter-commands.ts';
import { putAdapter } from '../../db/command/put-adapter.ts';
import { adapterStanding } from '../../db/read/adapters.ts';
import { parseDefinition } from '../../domain/adapter/definition.ts';
import { may } from '../../domain/identity/roles.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { adapterView, newAdapterName } from '../adapter-request.ts';
import { readJson } from '../body.ts';
import { decisionKey } from '../decision-key.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** Who puts a command has the control process run it: that takes more than putting an adapter does. */
function requireCommand({ principal }: Call, command: string, commands: ApiDeps['commands']): void {
  if (!may(principal.roles, 'adapter.run_command')) throw new DomainError('not_permitted');
  if (!mayRun(command, commands)) throw new DomainError('command_not_allowed');
}

async function handler(call: Call, { db, commands }: ApiDeps): Promise<Reply> {
  const name = newAdapterName(call);
  const parsed = parseDefinition(await readJson(call.req));
  if (!parsed.ok) return invalidFields(...parsed.fields);
  const { definition } = parsed;
  if (definition.mode === 'child_process') requireCommand(call, definition.command, commands);
  const put = await putAdapter(db, call.caller, {
    name,
    definition,
    key: decisionKey(call.req, { kind: 'put', name, definition }),
  });
  if (!put.ok) return refuseWith(put.code);
  const adapter = await adapterStanding(db, call.caller.workspace_id, name);
  return { status: put.created ? 201 : 200, body: adapter && adapterView(adapter) };
}

export const route: Route = { method: 'PUT', path: '/v1/adapters/:name', action: 'adapter.put', handler };
