import { Client } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import type { Env } from '../config/env.ts';
import { loadSloFile } from '../config/slo-file.ts';
import { masterKeyOrigin } from '../config/master-key-origin.ts';
import { createAdapterActivities } from '../activities/adapters/create-adapter-activities.ts';
import { createDeliveryActivities } from '../activities/deliveries/create-delivery-activities.ts';
import type { ExportEngine } from '../activities/exports/engine.ts';
import { createActivities } from '../activities/create-activities.ts';
import { withFailures } from '../activities/failures.ts';
import { createStartProcess } from '../activities/start-process.ts';
import type { AttestationContext } from '../db/attestation/context.ts';
import { CapturePoint } from '../db/capture-point.ts';
import { openDatabase } from '../db/client.ts';
import { openMasterKey } from '../db/command/pin-master-key.ts';
import { schemaStatus } from '../db/migrate.ts';
import { capturePort } from './capture-port.ts';
import { keepPruning } from './captures/keep-pruning.ts';
import { escalationPort } from './escalation-port.ts';
import { adapterPort } from './adapter-port.ts';
import { enrolmentPort } from './enrolment-port.ts';
import { enrolmentVerifier } from './enrolment-verifier.ts';
import { createChildren } from './children/keep-children.ts';
import { deliveryPort } from './delivery-port.ts';
import { connectEngine } from './engine/connect.ts';
import { createControlWorkers, createEgressWorker, DATABASE_SESSIONS } from './engine/control-workers.ts';
import { registerSearchAttributes } from './engine/search-attributes.ts';
import { workflowBundle } from './engine/workflow-bundle.ts';
import { exportPort } from './exports/export-port.ts';
import { openExportEngine } from './exports/open-engine.ts';
import { keepStoringHistories } from './histories/keep-storing.ts';
import { keepLoops } from './keep-loops.ts';
import { keepEndingOverrides } from './exports/keep-ending-overrides.ts';
import { instanceKey } from './keys/instance-key.ts';
import { openProvenanceKey } from './keys/provenance-key.ts';
import type { Logger } from './log.ts';
import { keepPruningLeases } from './leases/keep-pruning.ts';
import { keepCollecting } from './registry/keep-collecting.ts';
import { keepReconciling } from './reconcile/reconcile.ts';
import { recordPort } from './record-port.ts';
import { keepSchedules } from './rotation/keep-schedules.ts';
import { rotationPort } from './rotation/rotation-port.ts';
import { fanOutAlerts } from './relay/fan-out.ts';
import { keepPruningDeliveries } from './relay/prune-deliveries.ts';
import { announceAlerts } from './relay/alerts.ts';
import { startRelay } from './relay/relay.ts';
import { openBlobs } from '../storage/open-blobs.ts';
import { TolerantCodec } from '../storage/tolerant-codec.ts';
import type { Unread } from '../storage/tolerant-codec.ts';
import { anchorPort } from './anchor-port.ts';
import { Anchoring } from './anchor/keep-anchoring.ts';
import { openPromoted } from './anchor/open-promoted.ts';
import { existingKeys } from './sequencer/log-key.ts';
import { openLog, runSequencer } from './sequencer/sequencer.ts';
import { keepSigningBundles } from './sequencer/sign-bundles.ts';
import { keepJudging } from './slo/keep-judging.ts';
import { startWatches } from './start-watches.ts';
import { keepUpstreams } from './upstreams/keep-upstreams.ts';
import { slotTokenStore, upstreamSecret } from './upstreams/secrets.ts';
import { untilUp } from './until-up.ts';
import { watchPort } from './watch-port.ts';

export type ControlEnv = Pick<
  Env,
  | 'databaseUrl'
  | 'temporalAddress'
  | 'temporalNamespace'
  | 'stateRoot'
  | 'env'
  | 'relayWindow'
  | 'signals'
  | 'node'
  | 'tpmTcti'
  | 'ekRootsFile'
  | 'watchIntervalMs'
  | 'blobRoot'
  | 's3'
  | 'registryGraceMs'
  | 'anchorIntervalMs'
  | 'adminTokenFile'
  | 'readonlyTokenFile'
  | 'forensicKeyFile'
  | 'baseUrl'
  | 'adapterCommandsFile'
  | 'masterKey'
  | 'masterKeyFile'
  | 'sloFile'
  | 'registryUrl'
  | 'loopbackTrust'
  | 'payloadKeysFile'
> & {
  /** What exports do outside; by default with the registry and the destinations of this instance. */
  exportEngine?: ExportEngine;
  /** How what the engine keeps is sealed. */
  payloadCodecs?: PayloadCodec[];
};

/**
 * The control process: both queues, relay, reconcile, histories, alerts, the ledger's sequencer, the log's signatures. Waits for Postgres with its schema and for Temporal,
 * calls `ready`, and runs until `signal` aborts; then drains. Rejects when a worker fails for good, or one of its loops ends.
 */
export async function runControl(env: ControlEnv, log: Logger, signal: AbortSignal, ready: () => void): Promise<void> {
  const thresholds = loadSloFile(env.sloFile);
  const db = openDatabase({ url: env.databaseUrl, name: 'interlock-control', max: DATABASE_SESSIONS });
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  try {
    const bundle = workflowBundle(env.stateRoot);
    const migrated = untilUp('database', () => requireSchema(db), log, stop);
    const [connection, codePath] = await Promise.all([connectEngine(env, log, stop), bundle, migrated]);
    try {
      await untilUp('temporal', () => registerSearchAttributes(connection, env.temporalNamespace), log, stop);
      const dataConverter = { payloadCodecs: env.payloadCodecs ?? [] };
      const unread: Unread = (what) => log.warn({ event: 'payload.unreadable', ...what });
      const tolerant = { payloadCodecs: [new TolerantCodec(dataConverter.payloadCodecs, unread)] };
      const client = new Client({ connection, namespace: env.temporalNamespace, dataConverter });
      const startProcess = createStartProcess(client);
      const masterKey = await openMasterKey(db, masterKeyOrigin(env));
      const captures = new CapturePoint({ db, masterKey });
      const { signer, verification } = instanceKey(env.stateRoot);
      const keys = [verification];
      openProvenanceKey(env.stateRoot);
      const context = (): AttestationContext => ({ environment: env.env, keys });
      const port = recordPort(db, context);
      const verifier = enrolmentVerifier(env.env, env.ekRootsFile);
      const blobs = openBlobs(env);
      await blobs.sweep().catch((error: unknown) => log.warn({ event: 'blobs.unswept', err: error }));
      const keysOf = (origin: string, epoch: number) => existingKeys(env.stateRoot, { origin, epoch });
      const anchoring = { db, blobs, keysOf, intervalMs: env.anchorIntervalMs, log };
      const commands = { file: env.adapterCommandsFile, env: env.env };
      const children = createChildren({ db, databaseUrl: env.databaseUrl, masterKey, commands, log });
      const credentials = { readSecret: upstreamSecret({ db, masterKey }), store: slotTokenStore({ db, masterKey }) };
      const activities = withFailures(
        {
          ...createActivities({ record: port, startProcess, signals: env.signals }),
          ...escalationPort(db),
          ...capturePort(db),
          ...(await rotationPort({ ...env, masterKeyInEnvironment: env.masterKey, db, masterKey, log })),
          ...createDeliveryActivities(deliveryPort({ db, masterKey }, captures)),
          ...createAdapterActivities(adapterPort({ db, masterKey }, children.ask, captures)),
          ...exportPort({
            db,
            engine: env.exportEngine ?? openExportEngine({ db, blobs, stateRoot: env.stateRoot, env, ...credentials }),
            signals: env.signals,
            log,
          }),
          ...enrolmentPort({ db, context, signer, verifier }),
          ...anchorPort(anchoring),
          ...watchPort({ db, context, signer, watchIntervalMs: env.watchIntervalMs, signals: env.signals }),
        },
        log,
      );
      const anchors = new Anchoring({ ...anchoring, client, node: env.node });
      // A log with another key is the sequencer's to complain of.
      await openLog(db, env.stateRoot, log).catch(() => undefined);
      await untilUp('ledger', () => anchors.checkBlobs(), log, stop);
      await untilUp('attestation', () => startWatches(db, client, env), log, stop);
      const namespace = env.temporalNamespace;
      const workers = [
        ...(await createControlWorkers({
          connection,
          namespace,
          workflowBundle: codePath,
          activities,
          dataConverter: tolerant,
        })),
        await createEgressWorker({ connection, namespace, activities, dataConverter }),
      ];

      const running = workers.map((worker) => worker.run());
      for (const run of running) run.catch((error: unknown) => failed.abort(error));
      const sequencer = { db, databaseUrl: env.databaseUrl, stateRoot: env.stateRoot, log };
      const openPromotedEpoch = () => openPromoted({ ...anchoring, stateRoot: env.stateRoot });
      const judged = anchors.checkCounter();
      const relay = await startRelay(
        { db, databaseUrl: env.databaseUrl, startProcess, window: env.relayWindow, log },
        stop,
      );
      const loops = {
        relay: relay.ended,
        reconcile: keepReconciling({ db, client, log }, stop),
        histories: keepStoringHistories({ db, client, blobs, log }, stop),
        captures: keepPruning(db, log, stop),
        registry: keepCollecting({ db, blobs, graceMs: env.registryGraceMs, log }, stop),
        alerts: announceAlerts(db, log, stop),
        fan_out: fanOutAlerts(db, log, stop),
        deliveries: keepPruningDeliveries(db, log, stop),
        children: children.keep(stop),
        leases: keepPruningLeases({ db, log }, stop),
        overrides: keepEndingOverrides({ db, log }, stop),
        sequencer: judged.then(() => runSequencer({ ...sequencer, openPromoted: openPromotedEpoch }, stop)),
        anchors: judged.then(() => anchors.keep(stop)),
        bundles: keepSigningBundles(sequencer, stop),
        schedules: keepSchedules({ db, log }, stop),
        signals: keepJudging({ db, thresholds, log }, stop),
        upstreams: keepUpstreams({ ...sequencer, captures, ...credentials }, stop),
      };
      const kept = keepLoops(loops, { log, stop, fail: (reason) => failed.abort(reason) });
      const ended = new Promise<void>((resolve) => {
        if (stop.aborted) resolve();
        stop.addEventListener('abort', () => resolve(), { once: true });
      });
      const closed = ended.then(() => anchors.close()).finally(() => workers.forEach(shutDown));
      void judged.then(() => stop.aborted || ready()).catch(() => undefined);
      await Promise.allSettled([kept, ...running, closed]);
      await captures.close();
      blobs.close();
      failed.signal.throwIfAborted();
    } finally {
      await connection.close();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await db.end();
  }
}

const shutDown = (worker: { getState(): string; shutdown(): void }): void => {
  if (worker.getState() === 'RUNNING') worker.shutdown();
};

/** The schema is migrated by whoever installs the instance, never by a worker. */
async function requireSchema(db: Parameters<typeof schemaStatus>[0]): Promise<void> {
  const { version, head } = await schemaStatus(db);
  if (version < head) throw new Error(`the schema is at ${version} of ${head} migrations`);
}
