import { describe, expect, it } from 'vitest';
import { openApiDocument } from '../../../api/openapi/document.ts';
import { loadOperations } from '../../../api/openapi/operations.ts';
import { loadRoutes } from '../../../api/routes.ts';

const line = ({ method, path, action }: { method: string; path: string; action: string }) =>
  `${method} ${path} ${action}`;

/** Every `$ref` of a JSON value. */
function refs(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => (key === '$ref' ? [member as string] : refs(member)));
}

describe('the OpenAPI document', () => {
  it('declares what stands in a path', async () => {
    for (const { path, inPath = {} } of await loadOperations())
      expect(Object.keys(inPath), path).toEqual([...path.matchAll(/[:*](\w+)/g)].map(([, name]) => name));
    expect((await openApiDocument('0'))['paths']).toHaveProperty(['/v1/adapters/{name}', 'put', 'parameters']);
  });

  it('documents every route that is served, and serves every route it documents', async () => {
    const routes = (await loadRoutes()).map(line).sort();
    expect((await loadOperations()).map(line).sort()).toEqual(routes);
  });

  it('resolves its references and names its operations once', async () => {
    const document = await openApiDocument('1.2.3');
    expect(document).toMatchObject({ openapi: '3.1.1', info: { version: '1.2.3' } });
    for (const ref of new Set(refs(document))) {
      const target = ref
        .slice(2)
        .split('/')
        .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
      expect(target, ref).toBeDefined();
    }
    const ids = (await loadOperations()).map((operation) => operation.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('names no role for what is open, and the roles of the role table for what is not', async () => {
    const { paths } = (await openApiDocument('0')) as {
      paths: Record<string, Record<string, { security: object[]; description?: string }>>;
    };
    expect(paths['/health']?.['get']).toMatchObject({ security: [] });
    expect(paths['/api/v1/reload']?.['post']).toMatchObject({
      description: 'Roles: org_admin.',
      security: [{ bearer: [] }, {}],
    });
  });
});
