import { z } from 'zod';

/** Every schema that the document names. */
export const schemas = z.registry<{ id: string }>();

/** Gives a schema its name in the document; elsewhere it is referred to. */
export function named<T extends z.ZodType>(id: string, schema: T): T {
  schemas.add(schema, { id });
  return schema;
}

export const schemaName = (schema: z.ZodType): string => {
  const id = schemas.get(schema)?.id;
  if (id === undefined) throw new Error('a schema of an operation has no name');
  return id;
};
