// A round of quotes counts for every incident it was written for, each by its own row: all its nodes and files passed.
import { challengeServes, everyNodePassed } from './challenge.ts';
import type { Challenge, IncidentNow } from './challenge.ts';

/** An answered challenge, as it was read before it was spent, and what the appraisal of the answer said. */
export interface AppraisedQuote {
  challenge: Challenge;
  passed: boolean;
}

/** What one re-attestation has seen: quotes, and the files of baselines. */
export interface Round {
  quotes: readonly AppraisedQuote[];
  checks: readonly { baseline: string; passed: boolean }[];
}

/** What an incident asks for: nodes, never none, and the baselines of an integrity violation. */
export interface Asked {
  nodes: readonly string[];
  baselines: readonly string[];
}

/**
 * Whether the round counts as the re-attestation of an incident as it is under its row's lock. Each of its nodes must have
 * quoted and passed, in answer to a challenge that was written for the incident as it still is; each of its baselines must
 * have been checked and passed. One failure of a node or of a baseline, and the round says nothing good about it.
 */
export function roundCounts(round: Round, incident: IncidentNow, asked: Asked, now: string): boolean {
  const passed = new Set(
    asked.nodes.filter((node) => {
      const quotes = round.quotes.filter(({ challenge }) => challenge.node === node);
      return quotes.length > 0 && quotes.every((q) => q.passed && challengeServes(q.challenge, incident, now).ok);
    }),
  );
  const checked = asked.baselines.every((baseline) => {
    const checks = round.checks.filter((c) => c.baseline === baseline);
    return checks.length > 0 && checks.every((c) => c.passed);
  });
  return everyNodePassed(asked.nodes, passed) && checked;
}
