import { z } from 'zod';

/** Names of workspaces are words that are safe in ids, paths and logs. */
export const workspaceId = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/);

export const isWorkspaceId = (name: string): boolean => workspaceId.safeParse(name).success;
