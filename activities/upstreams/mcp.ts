import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport, StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import type { ToolCall, Upstream } from '../../domain/upstream/definition.ts';
import type { ProbeCode } from '../../domain/upstream/probes.ts';
import { EgressError } from '../egress/egress-error.ts';
import { guardedFetch } from '../egress/guarded-fetch.ts';
import { PROBE_WITHIN_MS } from './deps.ts';
import type { UpstreamDeps } from './deps.ts';
import { hearing } from './hearing.ts';

type Headers = Record<string, string>;
type Deps = Pick<UpstreamDeps, 'resolve' | 'hear'>;

/** Opens a session with an MCP server (Streamable HTTP) and ends it. Null when the server took it. Errors: EgressError. */
export const initialize = (upstream: Upstream, headers: Headers, deps: Deps): Promise<ProbeCode | null> =>
  session(upstream, headers, deps, async () => null);

/** Calls one tool of an MCP server; an answer that the tool marks as an error is none. Errors: EgressError. */
export const callTool = (upstream: Upstream, call: ToolCall, headers: Headers, deps: Deps): Promise<ProbeCode | null> =>
  session(upstream, headers, deps, async (client) => {
    const result = await client.callTool({ name: call.tool, arguments: call.arguments ?? {} }, undefined, {
      timeout: PROBE_WITHIN_MS,
    });
    if (result.isError === true) return 'unexpected_answer';
    const contains = call.expect?.contains;
    return contains === undefined || JSON.stringify(result.content ?? null).includes(contains)
      ? null
      : 'unexpected_answer';
  });

async function session(
  upstream: Upstream,
  headers: Headers,
  { resolve, hear }: Deps,
  work: (client: Client) => Promise<ProbeCode | null>,
): Promise<ProbeCode | null> {
  const { url, internal } = upstream;
  const { options, tell } = hearing(hear, upstream, headers);
  const guard = guardedFetch({
    internal,
    timeoutMs: PROBE_WITHIN_MS,
    ...options,
    ...(resolve === undefined ? {} : { resolve }),
  });
  const client = new Client({ name: 'interlock', version: '1' });
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    fetch: guard.fetch,
    requestInit: { headers },
    reconnectionOptions: {
      maxRetries: 0,
      initialReconnectionDelay: 1,
      maxReconnectionDelay: 1,
      reconnectionDelayGrowFactor: 1,
    },
  });
  let code: ProbeCode | null = null;
  try {
    await client.connect(transport, { timeout: PROBE_WITHIN_MS });
    code = await work(client);
    // The server keeps a session until it is told that it is over.
    await transport.terminateSession().catch(() => undefined);
    return code;
  } catch (error) {
    code = codeOf(error);
    return code;
  } finally {
    await client.close().catch(() => undefined);
    await guard.close();
    tell(code);
  }
}

function codeOf(error: unknown): ProbeCode {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof EgressError) return cause.code;
  if (error instanceof Error && error.name === 'UnauthorizedError') return 'auth_failed';
  if (error instanceof StreamableHTTPError) {
    if (error.code === 401 || error.code === 403) return 'auth_failed';
    return error.code !== undefined && error.code >= 300 && error.code < 400 ? 'redirected' : 'unexpected_answer';
  }
  if (error instanceof McpError && error.code === (ErrorCode.RequestTimeout as number)) return 'timeout';
  return 'unexpected_answer';
}
