import { adapterTroubles, DUE_COUNTED } from '../../db/read/adapters.ts';
import type { AdapterTrouble } from '../../db/read/adapters.ts';
import { retiredNodes } from '../../db/read/attestation-nodes.ts';
import { unreviewedOverrides } from '../../db/read/overrides.ts';
import type { LiveOverride } from '../../db/read/overrides.ts';
import { oldestPoke } from '../../db/read/relay.ts';
import { UNROTATED_COUNTED, unrotatedSlots } from '../../db/read/unrotated.ts';
import type { LiveWindow, RuntimePosture } from '../../db/read/runtime.ts';
import type { ApiDeps } from '../deps.ts';
import { diskHigh } from './storage.ts';
import { upstreamsFile } from './upstreams.ts';
import type { FileStanding } from './upstreams.ts';

/** `since` is null where nobody recorded when it began. */
export interface Warning {
  code:
    | 'relay_backlog'
    | 'disk_high'
    | 'node_retired'
    | 'adapter_unacknowledged'
    | 'adapter_retired'
    | 'token_file_refused'
    | 'upstreams_drift'
    | 'capture_open'
    | 'override_live'
    | 'override_unreviewed'
    | 'restored_unrotated';
  since: string | null;
  detail: string;
}

interface Standing {
  workspace_id: string;
  time: string;
  posture: RuntimePosture;
  override: LiveOverride | undefined;
}

/** A poke older than this is not being relayed at the pace it should be. */
const BACKLOG_MS = 30_000;

export async function warnings(
  { db, about, auth, readUpstreamsFile }: Pick<ApiDeps, 'db' | 'about' | 'auth' | 'readUpstreamsFile'>,
  { workspace_id, time: now, posture, override }: Standing,
): Promise<Warning[]> {
  const out: Warning[] = [];
  const since = await oldestPoke(db);
  if (since !== null && Date.parse(now) - Date.parse(since) > BACKLOG_MS)
    out.push({ code: 'relay_backlog', since, detail: 'the oldest poke has waited for more than 30 s' });
  for (const { node, retired_at } of await retiredNodes(db))
    out.push({ code: 'node_retired', since: retired_at, detail: `${node} takes part in no attestation any more` });
  out.push(...(await adapterTroubles(db, workspace_id, now)).map(adapterWarning));
  const upstreams = await upstreamsFile({ db, readUpstreamsFile });
  if (upstreams?.drift === true) out.push({ code: 'upstreams_drift', since: null, detail: driftOf(upstreams) });
  for (const { privilege, reason } of (await auth.refusedFiles?.()) ?? [])
    out.push({ code: 'token_file_refused', since: null, detail: `the ${privilege} token file: ${reason}` });
  if (posture.window !== null) out.push(captureWarning(posture.window));
  if (override !== undefined) out.push(overrideWarning(override));
  for (const { override_id, ticket, by, review_due } of await unreviewedOverrides(db, workspace_id))
    out.push({
      code: 'override_unreviewed',
      since: review_due,
      detail: `nobody has reviewed ${override_id}, opened by ${by} for ${ticket}`,
    });
  const unrotated = await unrotatedSlots(db, workspace_id);
  if (unrotated !== undefined) out.push(restoredWarning(unrotated));
  const disk = await diskHigh(about.stateRoot);
  if (disk !== null) out.push({ code: 'disk_high', since: null, detail: disk });
  return out;
}

/** Neither the path nor the text of a file belongs into an answer. */
function driftOf({ error, active_digest }: FileStanding): string {
  if (active_digest === null) return 'no upstreams are loaded, though a file is configured';
  if (error === null) return 'the upstreams file differs from what is loaded';
  return `the upstreams file cannot be taken (${error}); what is loaded stays`;
}

const overrideWarning = ({ override_id, ticket, by, opened_at, expires_at }: LiveOverride): Warning => ({
  code: 'override_live',
  since: opened_at,
  detail: `${override_id} lets one export past a registry that fails, opened by ${by} for ${ticket}, until ${expires_at}`,
});

const captureWarning = ({
  window_id,
  level,
  ticket,
  opened_by,
  opened_at,
  not_after,
  dropped,
}: LiveWindow): Warning => ({
  code: 'capture_open',
  since: opened_at,
  detail:
    `${window_id} captures ${level}, opened by ${opened_by}${ticket === null ? '' : ` for ${ticket}`}, until ${not_after}` +
    (dropped === 0 ? '' : `, ${dropped} dropped`),
});

const restoredWarning = ({ n, since, origin }: { n: number; since: string; origin: string }): Warning => ({
  code: 'restored_unrotated',
  since,
  detail: `${n === UNROTATED_COUNTED ? `${n} slots or more` : n === 1 ? '1 slot' : `${n} slots`} hold what the record came with that goes on as ${origin}`,
});

function adapterWarning({ name, kind, since, due, error }: AdapterTrouble): Warning {
  if (kind === 'retired')
    return { code: 'adapter_retired', since, detail: `${name} takes part in no containment any more` };
  const said = error === null ? '' : `, last error: ${error}`;
  const many = due === DUE_COUNTED ? `${due} states or more` : due === 1 ? '1 state' : `${due} states`;
  return { code: 'adapter_unacknowledged', since, detail: `${name} has yet to acknowledge ${many}${said}` };
}
