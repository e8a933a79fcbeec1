import { visibleWorkspaces } from '../../db/command/caller.ts';
import { may } from '../../domain/identity/roles.ts';
import { authenticate } from '../auth/authenticate.ts';
import { callerOf } from '../auth/caller.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidFields, textProblem } from '../fields.ts';
import { readQuery } from '../query.ts';
import { requiredIncident } from '../required-incident.ts';
import { bytesOf } from '../reply.ts';
import type { Reply, StreamReply } from '../reply.ts';
import type { Call } from '../route.ts';

/** What every stream asks of its caller. */
export const STREAM_ACTION = 'incident.read';

const EVENT_STREAM = 'text/event-stream; charset=utf-8';

/**
 * Opens a stream of the caller's entries, or of those about `topic`. `Last-Event-ID` goes before `?after=`: a browser that
 * comes back repeats the URL it began with. Errors: those of `EventStreams.open`.
 */
export async function openStream(call: Call, deps: ApiDeps, topic?: string): Promise<Reply | StreamReply> {
  const { after } = readQuery(call.query, ['after']);
  if (call.req.method === 'HEAD') return bytesOf(EVENT_STREAM, new Uint8Array());
  const last = call.req.headers['last-event-id'];
  const given = [
    { id: Array.isArray(last) ? last.join(', ') : last, path: 'Last-Event-ID' },
    { id: after, path: 'after' },
  ].find(({ id }) => id !== undefined && id !== '');
  return deps.streams.open({
    filter: { workspaces: visibleWorkspaces(call.caller.workspace_id), topic },
    after: given?.id === undefined ? undefined : { id: given.id, path: given.path },
    permitted: () => stillPermitted(call, deps),
  });
}

/** The same question that opened the stream; whoever cannot be asked permits nothing. */
async function stillPermitted({ req, caller }: Call, { auth }: ApiDeps): Promise<boolean> {
  try {
    const principal = await authenticate(req, auth);
    const now = callerOf(req, principal);
    return (
      may(principal.roles, STREAM_ACTION) && now.workspace_id === caller.workspace_id && now.actor === caller.actor
    );
  } catch {
    return false;
  }
}

/** The id in the path of an incident that the caller may see. Errors: incident_not_found. */
export const requireIncident = async (call: Call, deps: ApiDeps): Promise<string> =>
  (await requiredIncident(call, deps)).id;

/** The name in the path of a subject or a run; entries may come to speak of one that nothing is known of yet. */
export function requireName({ params }: Call): string {
  const id = params['id'] ?? '';
  const code = textProblem(id, { max: 256 });
  return code === null ? id : invalidFields({ path: 'id', code });
}
