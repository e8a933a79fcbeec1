import { openApiDocument } from '../openapi/document.ts';
import { ok } from '../reply.ts';
import type { Route } from '../route.ts';

let document: Promise<Record<string, unknown>> | undefined;

/** The document is as constant as the code. */
export const route: Route = {
  method: 'GET',
  path: '/openapi.json',
  action: 'open',
  handler: async ({ about }) => ok(await (document ??= openApiDocument(about.version))),
};
