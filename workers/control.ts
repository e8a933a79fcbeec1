import { Runtime } from '@temporalio/worker';
import { readEnv } from '../config/env.ts';
import { payloadKeyRing } from '../config/payload-key-ring.ts';
import { exitWithParent } from '../config/parent-watch.ts';
import { payloadCodecs } from '../storage/payload-codec.ts';
import { createLog, sdkLogger } from './log.ts';
import { runControl } from './run-control.ts';

exitWithParent();
const log = createLog('control');
const stopping = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort());
Runtime.install({ logger: sdkLogger(log), shutdownSignals: [] });

try {
  const env = readEnv();
  const onTrouble = (err: unknown) => log.error({ event: 'payload_keys.unreadable', err });
  const sealed = { ...env, payloadCodecs: payloadCodecs(payloadKeyRing(env, { onTrouble })) };
  await runControl(sealed, log, stopping.signal, () => log.info({ event: 'control.ready' }));
  log.info({ event: 'control.stopped' });
  process.exit(0);
} catch (error) {
  log.fatal({ event: 'control.failed', err: error });
  process.exit(1);
}
