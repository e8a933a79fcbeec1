// A user is a word without spaces; the names under which the instance itself acts are nobody's to claim.

export const USER = /^[\x21-\x7e]{1,128}$/;

/** Actors of the record that are no people. */
const ITSELF: readonly string[] = ['system', 'anyone', 'unauthenticated', 'adapterSync'];

export const isUser = (name: string): boolean => USER.test(name) && !ITSELF.includes(name);
