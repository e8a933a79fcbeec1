import { schemaStatus } from '../../db/migrate.ts';
import { anchorStanding } from '../../db/read/anchors.ts';
import type { AnchorStanding } from '../../db/read/anchors.ts';
import { logStanding } from '../../db/read/log.ts';
import type { LogStanding } from '../../db/read/log.ts';
import { incidentCounts, tallies } from '../../db/read/counts.ts';
import { pendingExports } from '../../db/read/exports.ts';
import { gatesOverview } from '../../db/read/gates.ts';
import { liveOverride } from '../../db/read/overrides.ts';
import type { LiveOverride } from '../../db/read/overrides.ts';
import { pendingRecoveries } from '../../db/read/pending-recoveries.ts';
import { runtimePosture } from '../../db/read/runtime.ts';
import { sloSignals } from '../../db/read/slo-signals.ts';
import { anchorOverdue } from '../../domain/ledger/anchor.ts';
import { debugSignal } from '../../domain/runtime/capture-window.ts';
import type { ApiDeps } from '../deps.ts';
import { runtimeView } from '../runtime-view.ts';
import { readiness } from '../readiness.ts';
import { attestationReport, integrityReport } from '../state-ports.ts';
import { ABSENT, ABSENT_FILE, runs } from './absent.ts';
import { containmentFile } from './containment-file.ts';
import { registryReport } from './registry.ts';
import { blobReport, probeStorage } from './storage.ts';
import { upstreamsReport } from './upstreams.ts';
import { warnings } from './warnings.ts';

/** Everything `interlock status` shows. Paths are fixed: they may be added to, never renamed. */
export async function statusReport(deps: ApiDeps, workspace_id: string): Promise<Record<string, unknown>> {
  const { db, about, auth } = deps;
  const [
    schema,
    failing,
    probes,
    gates,
    counts,
    named,
    oldest,
    attestation,
    integrity,
    containment,
    log,
    anchors,
    posture,
    blob,
    override,
    signals,
  ] = await Promise.all([
    schemaStatus(db),
    readiness(deps),
    probeStorage(deps),
    gatesOverview(db, workspace_id),
    incidentCounts(db, workspace_id),
    tallies(db, workspace_id),
    pendingRecoveries(db, { workspace_id, limit: 1 }),
    attestationReport(db, deps.watchIntervalMs),
    integrityReport(db, deps.watchIntervalMs),
    containmentFile(deps),
    logStanding(db),
    anchorStanding(db),
    runtimePosture(db, workspace_id),
    blobReport(deps),
    liveOverride(db, workspace_id),
    sloSignals(db),
  ]);
  const time = String(attestation['time']);
  const upstreams = await upstreamsReport(deps, time);
  const created = oldest.items[0]?.created_at;
  return {
    instance: about.instance,
    version: about.version,
    time,
    schema,
    health: {
      ok: failing.length === 0,
      failing,
      warnings: await warnings(deps, { workspace_id, time, posture, override }),
    },
    storage: { ok: probes.every((p) => p.ok), probes },
    gates: Object.fromEntries(gates.map(({ gate, ...rest }) => [gate, rest])),
    incidents: {
      open: counts.reduce((n, c) => (c.state === 'resolved' ? n : n + c.n), 0),
      contained: counts.reduce((n, c) => (c.state === 'contained' ? n + c.n : n), 0),
      pending_recoveries: named.recovery_pending,
      oldest_pending_age_ms: created === undefined ? null : Math.max(0, Date.parse(time) - Date.parse(created)),
    },
    attestation,
    integrity,
    ledger: { ...ledgerReport(log, time), ...anchorReport(anchors, deps.anchorIntervalMs) },
    notifications: { open: named.notifications_open },
    files: { containment, policy: ABSENT_FILE, upstreams: upstreams.file, hooks: ABSENT_FILE },
    blob,
    runs: { ...runs(named.recovery_pending), waiting_for_approval: await pendingExports(db, workspace_id) },
    auth: { mode: auth.loopbackTrust ? 'loopback' : 'bearer', bind: about.bind },
    runtime: { configured: true, ...runtimeView(posture) },
    registry: await registryReport(deps, time),
    governance: { configured: true, mode: deps.governanceMode, override: overrideView(override) },
    slo: [{ signal: 'debug_capture', ...debugSignal(posture.window, time) }, ...signals],
    ...ABSENT,
    provider_readiness: upstreams.readiness,
  };
}

/** What an export of the workspace could use at this moment. */
const overrideView = (override: LiveOverride | undefined) =>
  override === undefined ? null : { ticket: override.ticket, by: override.by, expires_at: override.expires_at };

/** The age is that of the newest signed checkpoint while entries wait for one, and nothing waits behind a whole one. */
const ledgerReport = (log: LogStanding | undefined, time: string) => ({
  configured: true,
  size: log?.signed_size ?? 0,
  checkpoint_age_ms:
    log?.signed_at == null ? null : log.waiting ? Math.max(0, Date.parse(time) - Date.parse(log.signed_at)) : 0,
});

/** `unknown`: there is no anchor of this epoch, the last ones did not come, or the log is halted. */
function anchorReport(log: AnchorStanding | undefined, interval_ms: number) {
  const ok =
    log !== undefined &&
    log.anchored_size > 0 &&
    log.missed_at === null &&
    log.halted_at === null &&
    !anchorOverdue({ ...log, interval_ms });
  return {
    anchored_size: log?.anchored_size ?? 0,
    anchor: ok ? 'ok' : 'unknown',
    halted: log?.halted_at != null,
    origin: log?.origin ?? null,
  };
}
