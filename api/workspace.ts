import { z } from 'zod';
import { WORKSPACE_ID } from '../domain/identity/workspace.ts';

export const workspaceId = z.string().regex(WORKSPACE_ID);

export const isWorkspaceId = (name: string): boolean => workspaceId.safeParse(name).success;
