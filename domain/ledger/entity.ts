// What an entry is about is `<type>/<id>`; the id may hold further slashes.

export interface Entity {
  entity_type: string;
  entity_id: string;
}

/** Type and id of an entry's object; an object without a slash is a type of its own. */
export function entityOf(object: string): Entity {
  const [entity_type = ''] = object.split('/', 1);
  return { entity_type, entity_id: object.slice(entity_type.length + 1) };
}
