import type { IncomingMessage, ServerResponse } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { startServer } from './upstreams.ts';
import type { TestServer } from './upstreams.ts';

export interface McpServerUnderTest extends TestServer {
  /** The MCP endpoint. */
  endpoint: string;
  /** Tools in the order in which they were called. */
  called: string[];
}

export interface McpOptions {
  accepts: (token: string) => Promise<boolean> | boolean;
  /** RFC 9728: who gives tokens for it. */
  issuer?: string;
}

/** An MCP server over Streamable HTTP with two tools, one of which always fails. */
export async function startMcpServer({ accepts, issuer }: McpOptions): Promise<McpServerUnderTest> {
  const called: string[] = [];
  const server = await startServer((req, res) => void answer(req, res));
  const endpoint = `${server.url}/mcp`;

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (req.url === '/.well-known/oauth-protected-resource/mcp' && issuer !== undefined) {
      res.writeHead(200, { 'Content-Type': 'application/json' });
      return void res.end(JSON.stringify({ resource: endpoint, authorization_servers: [issuer] }));
    }
    if (req.url !== '/mcp') return void res.writeHead(404).end();
    const token = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1];
    if (token === undefined || !(await accepts(token)))
      return void res.writeHead(401, { 'WWW-Authenticate': 'Bearer' }).end();
    const mcp = new McpServer({ name: 'fixture', version: '1' });
    const tool = (name: string, isError: boolean) =>
      mcp.registerTool(name, { description: name }, () => {
        called.push(name);
        return { isError, content: [{ type: 'text', text: `this is ${name}` }] };
      });
    tool('whoami', false);
    tool('fails', true);
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: false });
    await mcp.connect(transport);
    res.once('close', () => void mcp.close());
    await transport.handleRequest(req, res);
  }

  return { ...server, endpoint, called };
}
