// What cannot be read says nothing: in its place stands a value that is the shape of no decision, so that it is refused.

/** Stands for the payload of a signal or an update that no key opens, or that is no JSON. */
export const UNREADABLE = 'interlock: unreadable';

export const isUnreadable = (value: unknown): boolean => value === UNREADABLE;
