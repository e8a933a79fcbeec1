import type { NativeConnection } from '@temporalio/worker';

/** What lists and the console search processes by; all are keywords. */
export const SEARCH_ATTRIBUTES = ['Workspace', 'IncidentClass', 'Severity', 'ProcessState', 'AwaitingRole'] as const;

const KEYWORD = 2;

/** Registers what the namespace lacks: a workflow that sets an unknown attribute would never get past that. */
export async function registerSearchAttributes(connection: NativeConnection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = SEARCH_ATTRIBUTES.filter((name) => !(name in customAttributes));
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
}
