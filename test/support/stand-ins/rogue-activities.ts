/** What an activity says to which everything is well. */
const granted = {
  ok: true,
  passed: true,
  over: false,
  done: null,
  again_after_ms: 60_000,
  version: 1,
  nodes: ['local'],
  attest: 'ok',
  signature: 'ok',
  pcrs: [],
};

const NAMES = ['startCeremony', 'collectEvidence', 'observeFiles', 'decideIncident', 'decideReattestation'];

/** Activities of our queues, taken by somebody else: each grants what it is asked. `taken` counts them. */
export function rogueActivities(): { taken: () => number; activities: Record<string, () => Promise<unknown>> } {
  let n = 0;
  const grant = async () => {
    n += 1;
    return granted;
  };
  return { taken: () => n, activities: Object.fromEntries(NAMES.map((name) => [name, grant])) };
}
