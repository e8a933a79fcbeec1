import { Runtime } from '@temporalio/worker';
import { readEnv } from '../config/env.ts';
import { payloadKeyRing } from '../config/payload-key-ring.ts';
import { exitWithParent } from '../config/parent-watch.ts';
import { payloadCodecs } from '../storage/payload-codec.ts';
import { createLog, sdkLogger } from './log.ts';
import { runAttester } from './run-attester.ts';

exitWithParent();
const log = createLog('attester');
const stopping = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort());
Runtime.install({ logger: sdkLogger(log), shutdownSignals: [] });

try {
  const env = readEnv();
  const onTrouble = (err: unknown) => log.error({ event: 'payload_keys.unreadable', err });
  const sealed = { ...env, payloadCodecs: payloadCodecs(payloadKeyRing(env, { onTrouble })) };
  await runAttester(sealed, log, stopping.signal, () => log.info({ event: 'attester.ready', node: env.node }));
  log.info({ event: 'attester.stopped' });
  process.exit(0);
} catch (error) {
  log.fatal({ event: 'attester.failed', err: error });
  process.exit(1);
}
