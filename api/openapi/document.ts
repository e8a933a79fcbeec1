import { z } from 'zod';
import type { Operation } from './operation.ts';
import { loadOperations } from './operations.ts';
import { parametersOf, COMMON_PARAMETERS } from './parameters.ts';
import { schemaName, schemas } from './registry.ts';
import { responsesOf } from './responses.ts';
import { rolesFor } from '../../domain/identity/roles.ts';
import { problemSchema } from './schemas/common.ts';

type Json = Record<string, unknown>;

export const schemaRef = (schema: z.ZodType): Json => ({ $ref: `#/components/schemas/${schemaName(schema)}` });

/** The OpenAPI 3.1 document of this server. */
export async function openApiDocument(version: string): Promise<Json> {
  const operations = await loadOperations();
  const paths = Map.groupBy(operations, (operation) => operation.path);
  return {
    openapi: '3.1.1',
    info: {
      title: 'Interlock',
      version,
      description: 'Incidents, containment, recovery and attestation. Errors are RFC 9457 problem details.',
    },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    servers: [{ url: '/' }],
    tags: [...new Set(operations.map((operation) => operation.tag))].map((name) => ({ name })),
    paths: Object.fromEntries(
      [...paths].map(([path, list]) => [
        path.replace(/[:*](\w+)/g, '{$1}'),
        Object.fromEntries(list.map((operation) => [operation.method.toLowerCase(), operationObject(operation)])),
      ]),
    ),
    components: {
      schemas: schemaObjects(),
      parameters: COMMON_PARAMETERS,
      securitySchemes: {
        lease: { type: 'http', scheme: 'bearer', description: 'The secret that the lease was issued with.' },
        bearer: { type: 'http', scheme: 'bearer', description: 'In loopback trust requests need no token.' },
        signature: {
          type: 'apiKey',
          in: 'header',
          name: 'webhook-signature',
          description: 'Standard Webhooks 1.0.0: HMAC-SHA256 over `id.timestamp.body` by a secret of the adapter.',
        },
      },
    },
  };
}

const SECURITY: Partial<Record<Operation['action'], Json[]>> = { open: [], signed: [{ signature: [] }] };

function operationObject(operation: Operation): Json {
  const { id, tag, about, action, bearer, body, bytes, bodyOptional } = operation;
  const roles = action === 'open' || action === 'signed' || bearer === 'lease' ? [] : rolesFor(action);
  const content = (schema: z.ZodType): Json => ({ 'application/json': { schema: schemaRef(schema) } });
  const parameters = parametersOf(operation);
  return {
    operationId: id,
    tags: [tag],
    summary: about,
    ...(roles.length === 0 ? {} : { description: `Roles: ${roles.join(', ')}.` }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: bodyOptional !== true, content: content(body) } }),
    ...(bytes === true ? { requestBody: { required: true, content: { 'application/octet-stream': {} } } } : {}),
    responses: responsesOf(operation, schemaRef, schemaRef(problemSchema)),
    security: bearer === 'lease' ? [{ lease: [] }] : (SECURITY[action] ?? [{ bearer: [] }, {}]),
  };
}

/** JSON Schema 2020-12, which is what 3.1 speaks; ids would make the references relative to them. */
function schemaObjects(): Json {
  const { schemas: all } = z.toJSONSchema(schemas, {
    uri: (id) => `#/components/schemas/${id}`,
    io: 'input',
    unrepresentable: 'throw',
  });
  return Object.fromEntries(
    Object.entries(all)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, { $schema: _dialect, $id: _id, ...schema }]) => [id, schema]),
  );
}
