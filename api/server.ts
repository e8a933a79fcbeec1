import { hostname } from 'node:os';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { loadChecklists } from '../config/checklist-files.ts';
import { ContainmentFileError, loadContainmentFile } from '../config/containment-file.ts';
import { readEnv } from '../config/env.ts';
import type { Env } from '../config/env.ts';
import { masterKeyOrigin } from '../config/master-key-origin.ts';
import { loadPayloadKeys } from '../config/payload-keys.ts';
import { loadVerificationKeys } from '../config/verification-key-file.ts';
import { exitWithParent } from '../config/parent-watch.ts';
import { CapturePoint } from '../db/capture-point.ts';
import { openDatabase } from '../db/client.ts';
import type { Database } from '../db/client.ts';
import { activePolicyDigest } from '../db/read/active-policy.ts';
import { recordEach } from '../db/command/intake.ts';
import { openMasterKey } from '../db/command/pin-master-key.ts';
import { ensurePolicy } from '../db/command/policies.ts';
import { payloadCodecs } from '../storage/payload-codec.ts';
import { FilesystemBlobs } from '../storage/filesystem-blobs.ts';
import { openForensicKey } from './forensic/open-key.ts';
import { sweepSpool } from './forensic/spool.ts';
import { createApp } from './app.ts';
import { watchTokens } from './auth/tokens-file.ts';
import type { Authentication } from './auth/authenticate.ts';
import { createIntakeQueue } from './intake-queue.ts';
import { closeServer, listen } from './listen.ts';
import { attestationReport, createStateApp, integrityReport } from './state-ports.ts';
import { createEventStreams } from './streams/event-streams.ts';
import { openTemporal } from './temporal.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/** Starts the API and both state ports; the returned function stops them, answering what was accepted. */
export async function startServer(env: Env, log: Logger): Promise<() => Promise<void>> {
  log.info({
    event: 'control_plane.startup',
    version,
    bind: env.bind,
    port: env.port,
    loopback_trust: env.loopbackTrust,
  });
  await sweepSpool(env.stateRoot);
  const db = openDatabase({ url: env.databaseUrl, name: 'interlock-api' });
  const policy_digest = await policyInForce(db, env, log);
  const masterKey = await openMasterKey(db, masterKeyOrigin(env));
  const captures = new CapturePoint({ db, masterKey });
  const codecs = payloadCodecs(loadPayloadKeys(env));
  const engine = openTemporal({
    address: env.temporalAddress,
    namespace: env.temporalNamespace,
    payloadCodecs: codecs,
  });
  const intake = createIntakeQueue({ record: (batch) => recordEach(db, batch) });
  const streams = createEventStreams({ db, databaseUrl: env.databaseUrl, log });
  const auth = await authentication(env, log);
  const deps = {
    db,
    intake,
    streams,
    engine,
    watches: engine,
    verificationKeys: () => loadVerificationKeys(env.stateRoot),
    watchIntervalMs: env.watchIntervalMs,
    anchorIntervalMs: env.anchorIntervalMs,
    ledgerPublic: env.ledgerPublic,
    forensicKey: openForensicKey(env, log),
    checklists: loadChecklists(),
    masterKey,
    captures,
    payloadCodecs: codecs,
    blobs: new FilesystemBlobs(env.blobRoot),
    auth,
    log,
    readPolicyFile: async () => loadContainmentFile(env.containmentFile),
    about: {
      instance: hostname(),
      version,
      bind: `${env.bind}:${env.port}`,
      stateRoot: env.stateRoot,
      blobRoot: env.blobRoot,
    },
  };
  const servers: Server[] = [
    await listen(await createApp(deps), env.bind, env.port),
    await listen(
      createStateApp(deps, (db) => attestationReport(db, env.watchIntervalMs)),
      env.bind,
      env.attestationPort,
    ),
    await listen(
      createStateApp(deps, (db) => integrityReport(db, env.watchIntervalMs)),
      env.bind,
      env.integrityPort,
    ),
  ];
  log.info({ event: 'api.ready', policy_digest, port: env.port });

  return async () => {
    log.info({ event: 'api.stopping' });
    await Promise.all([streams.close(), ...servers.map(closeServer)]);
    await intake.drained();
    await captures.close();
    await engine.close();
    await db.end();
    log.info({ event: 'api.stopped' });
  };
}

/** A file that does not parse stops only the first start: afterwards the policy in force stays until one is reloaded. */
async function policyInForce(db: Database, env: Env, log: Logger): Promise<string> {
  try {
    return await ensurePolicy(db, loadContainmentFile(env.containmentFile), 'system');
  } catch (err) {
    const active = err instanceof ContainmentFileError ? await activePolicyDigest(db) : undefined;
    if (active === undefined) throw err;
    log.warn({ event: 'policy.file_refused', err, policy_digest: active });
    return active;
  }
}

async function authentication({ loopbackTrust, tokensFile }: Env, log: Logger): Promise<Authentication> {
  if (tokensFile === undefined) return { loopbackTrust };
  const tokens = watchTokens(tokensFile, (err) => log.error({ event: 'tokens.unreadable', err }));
  log.info({ event: 'tokens.loaded', count: (await tokens()).size });
  return { loopbackTrust, tokens };
}

if (import.meta.main) {
  exitWithParent();
  const log = pino({ name: 'interlock-api' });
  try {
    const stop = await startServer(readEnv(), log);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        stop().then(
          () => process.exit(0),
          (err: unknown) => {
            log.error({ event: 'api.stop_failed', err });
            process.exit(1);
          },
        );
      });
    }
  } catch (err) {
    log.fatal({ event: 'api.start_failed', err });
    process.exit(1);
  }
}
