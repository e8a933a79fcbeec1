import { DomainError } from '../domain/problem/problem.ts';
import type { Call } from './route.ts';

const DELIVERY_ID = /^DLV-[0-9a-f]{16}$/;

/** The id of a delivery in a path. Errors: delivery_not_found. */
export function deliveryId({ params }: Call): string {
  const id = params['id'] ?? '';
  if (!DELIVERY_ID.test(id)) throw new DomainError('delivery_not_found');
  return id;
}
