// Names of workspaces are words that are safe in ids, paths and logs.

export const WORKSPACE_ID = /^[a-z0-9][a-z0-9_-]{0,62}$/;
