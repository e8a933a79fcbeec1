import { hostname } from 'node:os';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { loadChecklists } from '../config/checklist-files.ts';
import { ContainmentFileError, loadContainmentFile } from '../config/containment-file.ts';
import { loadUpstreamsFile, UpstreamsFileError } from '../config/upstreams-file.ts';
import { readEnv } from '../config/env.ts';
import type { Env } from '../config/env.ts';
import { HooksFileError, loadHooksFile } from '../config/hooks-file.ts';
import { ReviewedFileError } from '../config/reviewed-yaml.ts';
import { masterKeyOrigin } from '../config/master-key-origin.ts';
import { receiptSigner } from '../config/receipt-key-file.ts';
import { payloadKeyRing } from '../config/payload-key-ring.ts';
import { readProvenanceKeys } from '../config/provenance-keys.ts';
import { loadVerificationKeys } from '../config/verification-key-file.ts';
import { exitWithParent } from '../config/parent-watch.ts';
import { CapturePoint } from '../db/capture-point.ts';
import { openDatabase } from '../db/client.ts';
import type { Database } from '../db/client.ts';
import { isSameRegistry } from '../domain/upstream/registry.ts';
import { activePolicyDigest } from '../db/read/active-policy.ts';
import { activeHooks, ensureHooks } from '../db/command/apply-hooks.ts';
import { recordEach } from '../db/command/intake.ts';
import { openMasterKey } from '../db/command/pin-master-key.ts';
import { ensurePolicy } from '../db/command/policies.ts';
import { ensureUpstreams } from '../db/command/upstreams.ts';
import { loadedUpstreams } from '../db/read/upstreams.ts';
import { payloadCodecs } from '../storage/payload-codec.ts';
import { openBlobs } from '../storage/open-blobs.ts';
import { openForensicKey } from './forensic/open-key.ts';
import { sweepSpool } from './forensic/spool.ts';
import { createAdapterEvents } from './adapter-events/adapter-events.ts';
import { createApp } from './app.ts';
import { openAuthentication } from './auth/open-authentication.ts';
import { createIntakeQueue } from './intake-queue.ts';
import { closeServer, listen } from './listen.ts';
import { attestationReport, createStateApp, integrityReport } from './state-ports.ts';
import { blobPlace } from './status/storage.ts';
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
  await upstreamsInForce(db, env, log);
  await hooksInForce(db, env, log);
  const masterKey = await openMasterKey(db, masterKeyOrigin(env));
  const captures = new CapturePoint({ db, masterKey });
  const onTrouble = (err: unknown) => log.error({ event: 'payload_keys.unreadable', err });
  const codecs = payloadCodecs(payloadKeyRing(env, { onTrouble }));
  const engine = openTemporal({
    address: env.temporalAddress,
    namespace: env.temporalNamespace,
    payloadCodecs: codecs,
  });
  const blobs = openBlobs(env);
  const intake = createIntakeQueue({ record: (batch) => recordEach(db, batch) });
  const streams = createEventStreams({ db, databaseUrl: env.databaseUrl, log });
  const { auth, close: closeAuth } = await openAuthentication(env, { db, log });
  const adapterEvents = createAdapterEvents({ db, masterKey, intake, log });
  const deps = {
    db,
    intake,
    adapterEvents,
    commands: { file: env.adapterCommandsFile, env: env.env },
    streams,
    engine,
    watches: engine,
    verificationKeys: () => loadVerificationKeys(env.stateRoot),
    provenanceKeys: () => readProvenanceKeys(env.stateRoot),
    watchIntervalMs: env.watchIntervalMs,
    anchorIntervalMs: env.anchorIntervalMs,
    ledgerPublic: env.ledgerPublic,
    forensicKey: openForensicKey(env, log),
    receiptSigner: receiptSigner(env.stateRoot),
    checklists: loadChecklists(),
    masterKey,
    captures,
    payloadCodecs: codecs,
    blobs,
    registryBlobLimit: env.registryBlobLimit,
    registry: { url: env.registryUrl, own: isSameRegistry(env.registryUrl, env.baseUrl) },
    governanceMode: env.governanceMode,
    auth,
    log,
    readUpstreamsFile: async () => (env.upstreamsFile === undefined ? null : loadUpstreamsFile(env.upstreamsFile)),
    readPolicyFile: async () => loadContainmentFile(env.containmentFile),
    about: {
      instance: hostname(),
      version,
      bind: `${env.bind}:${env.port}`,
      stateRoot: env.stateRoot,
      blob: blobPlace(env.s3),
      embedded: env.env === 'embedded',
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
    await closeAuth();
    await intake.drained();
    await adapterEvents.close();
    await captures.close();
    blobs.close();
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

/** As with the policy: a file that is refused stops only the first start; it never replaces what was reviewed before. */
async function upstreamsInForce(db: Database, { upstreamsFile }: Env, log: Logger): Promise<void> {
  if (upstreamsFile === undefined) return;
  try {
    const digest = await ensureUpstreams(db, loadUpstreamsFile(upstreamsFile), 'system');
    log.info({ event: 'upstreams.in_force', digest });
  } catch (err) {
    const active = err instanceof UpstreamsFileError ? await loadedUpstreams(db) : undefined;
    if (active === undefined) throw err;
    log.warn({ event: 'upstreams.file_refused', err, digest: active.digest });
  }
}

/** As with the policy: a file that does not parse stops only the first start. */
async function hooksInForce(db: Database, { hooksFile }: Env, log: Logger): Promise<void> {
  if (hooksFile === undefined) return;
  try {
    await ensureHooks(db, loadHooksFile(hooksFile), 'system');
  } catch (err) {
    const refused = err instanceof HooksFileError || err instanceof ReviewedFileError;
    const active = refused ? await activeHooks(db) : undefined;
    if (active === undefined) throw err;
    log.warn({ event: 'hooks.file_refused', err, digest: active.digest });
  }
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
