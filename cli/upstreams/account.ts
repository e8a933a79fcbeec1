import type { Output } from '../output/output.ts';
import type { Operands } from '../command.ts';

export const ACCOUNT_OPERANDS = { name: { about: 'the upstream' } } as const satisfies Operands;

/** An account as the server describes it; there is no token in it. */
export type AccountAnswer = Record<string, string | boolean | null>;

export const accountPath = (name: string, what: string): string => `/v1/upstreams/${encodeURIComponent(name)}/${what}`;

export const accountFacts = (out: Output, body: AccountAnswer): void => {
  out.answer(body, () => out.facts(Object.entries(body)));
};
