import { MANIFEST, PROOFS } from '../../domain/evidence/manifest.ts';
import type { EntryProof, EvidenceManifest } from '../../domain/evidence/manifest.ts';
import { redactText } from '../../domain/evidence/redact.ts';
import { placeBehind } from '../../domain/ledger/position.ts';
import type { IncidentAnswer, TimelineLine } from '../answers.ts';
import type { Client } from '../client.ts';
import { CliError } from '../errors.ts';
import { timelineMarkdown } from '../timeline.ts';
import { Gathering } from './gather.ts';
import type { Collected } from './gather.ts';

interface HistoryAnswer {
  workflow_id: string;
  run_id: string;
  digest?: string;
}

/** Proofs that are asked for at the same time. */
const AT_ONCE = 8;

export interface Evidence {
  files: Collected[];
  manifest: EvidenceManifest;
}

/**
 * Everything there is about an incident, in the order of the runbook: the state of the instance first, for it is what changes
 * soonest; then what its processes did; then the record, its proofs and the timeline. `say` is told what is collected.
 * Errors: those of the client for an incident that is not there or not shown.
 */
export async function collectEvidence(client: Client, id: string, say: (what: string) => void): Promise<Evidence> {
  const of = `/v1/incidents/${encodeURIComponent(id)}`;
  const get = { query: { id } };
  await client.get<IncidentAnswer>('/api/v1/incidents/get', get);
  const got = new Gathering(client);
  say('status');
  await got.answer('status.json', '/v1/status');
  await got.answer('doctor.json', '/v1/doctor');
  say('histories');
  await histories(got, of);
  say('adapters');
  await got.list('adapters.json', '/v1/adapters');
  await acknowledgements(got, of);
  say('deliveries and notifications');
  await got.list('deliveries.json', `${of}/deliveries`);
  await got.list('notifications.json', `${of}/notifications`);
  say('incident');
  const incident = await got.answer<IncidentAnswer>('incident.json', '/api/v1/incidents/get', get);
  say('timeline and proofs');
  const lines = await proofs(got, client, of);
  if (lines !== undefined) {
    got.add('timeline.json', lines, `GET ${of}/timeline`);
    if (incident !== undefined) {
      const { value } = redactText(timelineMarkdown(incident, lines));
      got.exact('timeline.md', Buffer.from(value), `GET ${of}/timeline`);
    }
  }
  return { files: got.files, manifest: await manifestOf(client, got, id) };
}

async function histories(got: Gathering, of: string): Promise<void> {
  const list = await got.list<HistoryAnswer>('histories.json', `${of}/histories`);
  if (list?.length === 0) got.absent.push({ what: 'histories', why: 'no process of the incident has closed so far' });
  for (const { workflow_id, run_id, digest } of list ?? []) {
    const kind = workflow_id.split('/', 1)[0] ?? '';
    const path = `histories/${kind}-${run_id}.json`;
    if (digest === undefined) got.absent.push({ what: path, why: 'Temporal had it no more' });
    else {
      const query = new URLSearchParams({ workflow_id, run_id });
      await got.stored(path, `${of}/history?${query.toString()}`, digest);
    }
  }
}

/** What adapters answered, as the log has it. */
async function acknowledgements(got: Gathering, of: string): Promise<void> {
  const path = 'acknowledgements.json';
  const lines = await timelineOf(got, of, path);
  if (lines === undefined) return;
  const said = lines.filter(({ entry }) => entry.object.startsWith('adapter/'));
  got.add(path, said, `GET ${of}/timeline`);
}

async function timelineOf(got: Gathering, of: string, what: string): Promise<TimelineLine[] | undefined> {
  try {
    return await got.pages<TimelineLine>(`${of}/timeline`);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    got.absent.push({ what, why: error.code });
    return undefined;
  }
}

/** The entries of the timeline with their proofs, as far as the log that grows has them. */
async function proofs(got: Gathering, client: Client, of: string): Promise<TimelineLine[] | undefined> {
  const lines = await timelineOf(got, of, 'timeline.json');
  if (lines === undefined) {
    got.absent.push({ what: PROOFS, why: 'there is no timeline' });
    return undefined;
  }
  const found: (EntryProof | undefined)[] = [];
  const queue = lines.entries();
  const ask = async () => {
    for (const [n, line] of queue) found[n] = await proofOf(got, client, line);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  const proven = found.filter((proof) => proof !== undefined);
  got.exact(PROOFS, Buffer.from(`${JSON.stringify(proven, null, 1)}\n`), 'GET /v1/ledger/proof');
  return lines;
}

/** An entry is proven as it is, or not at all: one in which something looks like a secret stays where it is. */
async function proofOf(got: Gathering, client: Client, line: TimelineLine): Promise<EntryProof | undefined> {
  const proof = await askedProof(client, line);
  if (typeof proof !== 'string') return proof;
  got.absent.push({ what: `proof of entry ${line.id}`, why: proof });
  return undefined;
}

/** The proof, or why there is none. */
async function askedProof(client: Client, { id, index }: TimelineLine): Promise<EntryProof | string> {
  try {
    const { body } = await client.get<EntryProof>('/v1/ledger/proof', { query: { index } });
    const { epoch, leaf, proof, checkpoint } = body;
    if (epoch !== placeBehind(id)?.epoch) return 'its epoch of the log has ended';
    if (redactText(leaf).count > 0) return 'something in it looks like a secret';
    return { epoch, index, leaf, proof, checkpoint };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return error.code;
  }
}

async function manifestOf(client: Client, got: Gathering, incident: string): Promise<EvidenceManifest> {
  const { body: collected_by } = await client.get<EvidenceManifest['collected_by']>('/v1/caller');
  const key = await client.bytes('/ledger/key', 4096).catch((error: unknown) => {
    if (!(error instanceof CliError)) throw error;
    got.absent.push({ what: `log_key of ${MANIFEST}`, why: error.code });
    return null;
  });
  return {
    format: 'interlock-evidence/1',
    incident,
    collected_at: new Date().toISOString(),
    collected_by,
    server: client.baseUrl,
    log_key: key === null ? null : Buffer.from(key).toString('utf8').trim(),
    files: got.files.map(({ content: _, ...file }) => file),
    absent: got.absent,
  };
}
