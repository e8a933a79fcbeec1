import { ADAPTER_NAME } from '../../domain/adapter/definition.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { readSignedHeaders } from '../../domain/signing/webhook.ts';
import { namedWorkspace } from '../auth/caller.ts';
import { readJsonBytes } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import type { Reply } from '../reply.ts';
import type { Route, SignedCall } from '../route.ts';

const workspaceOf = ({ req }: SignedCall): string => namedWorkspace(req) ?? 'default';

/** Nobody is authenticated but by the signature; which adapter it has to be of, path and workspace say. */
async function handler(call: SignedCall, { adapterEvents }: ApiDeps): Promise<Reply> {
  const { req, params } = call;
  const workspace_id = workspaceOf(call);
  const name = params['name'] ?? '';
  const headers = readSignedHeaders((header) => {
    const value = req.headers[header];
    return Array.isArray(value) ? undefined : value;
  });
  const body = await readJsonBytes(req);
  if (!ADAPTER_NAME.test(name)) throw new DomainError('unauthenticated');
  const { status, incident, repeated } = await adapterEvents.take({ workspace_id, name, headers, body });
  const { id, state, severity } = incident;
  return { status, body: { status: repeated === true ? 'repeated' : 'recorded', incident_id: id, state, severity } };
}

export const route: Route = {
  method: 'POST',
  path: '/v1/adapters/:name/events',
  action: 'signed',
  signer: (call) => `${workspaceOf(call)}/${call.params['name']}`,
  handler,
};
