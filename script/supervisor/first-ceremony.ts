import type { Stack } from './stack.ts';

/** What the operator reads when everything is up: where it is, and the commands of a first ceremony. */
export function readyText({ urls, states, env }: Stack, seconds: string): string {
  const trust = env.INTERLOCK_LOOPBACK_TRUST === '1' ? 'every caller on this machine is trusted' : 'bearer tokens';
  const post = (path: string, body: object) =>
    `curl -s -X POST ${urls.api}${path} -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
  const report = {
    class: 'attestation_failure',
    source: 'tpm-watch',
    description: 'PCR 23 differs from its reference',
  };
  return `
Interlock is ready (${seconds} s).
  API               ${urls.api}   (${trust})
  Temporal Web UI   ${urls.temporalUi}
  attestation       ${urls.attestation}/api/v1/state   ${states?.attestation ?? ''}
  integrity         ${urls.integrity}/api/v1/state   ${states?.integrity ?? ''}

A first ceremony, in another terminal:
  ID=$(${post('/api/v1/incidents/report', report)} | grep -o 'INC-[0-9-]*' | head -n 1)
  curl -s ${urls.api}/api/v1/recovery/status
  ${post('/api/v1/recovery/ack', { incident_id: 'ID', operator: 'me@org' }).replace('"ID"', `"'$ID'"`)}
  ${post('/api/v1/recovery/reattest', { incident_id: 'ID' }).replace('"ID"', `"'$ID'"`)}
  ${post('/api/v1/incidents/resolve', { id: 'ID' }).replace('"ID"', `"'$ID'"`)}
  curl -s ${urls.api}/health

Ctrl-C stops it.
`;
}
