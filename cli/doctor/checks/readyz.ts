import { ill, well } from '../../../domain/doctor/finding.ts';
import type { ClientCheck } from '../check.ts';

const WITHIN_MS = 10_000;

/** The same answer that a load balancer gets, through the same proxy. */
export const check: ClientCheck = {
  name: 'client:readyz',
  component: false,
  run: async (client) => {
    const reply = await client.stream('/readyz', AbortSignal.timeout(WITHIN_MS));
    const body = await reply.json().then(
      (json) => json as { status?: unknown },
      () => ({ status: undefined }),
    );
    if (reply.status === 200 && body.status === 'ok') return well();
    return ill('not_ready', `/readyz answers with status ${reply.status}`);
  },
};
