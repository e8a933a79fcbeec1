import { createHash, createHmac, createPublicKey, verify } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApiDocument } from '../../../api/openapi/document.ts';
import { forensicBundle } from '../../../api/openapi/schemas/forensic.ts';
import { Spool } from '../../../api/forensic/spool.ts';
import { writePayload } from '../../../api/forensic/write-payload.ts';
import { rows } from '../../../db/client.ts';
import { recordReports } from '../../../db/command/intake.ts';
import { eventually } from '../../support/eventually.ts';
import { EXPORT, startForensic } from '../../support/forensic.ts';
import type { ForensicUnderTest } from '../../support/forensic.ts';
import { verdictOf } from '../../support/forensic-verdict.ts';
import { requestOf } from '../../support/record.ts';

type Json = Record<string, unknown>;
interface Bundle extends Json {
  audit_entries: { entry: Json; index?: number; leaf_hash: string }[];
  incidents: Json[];
  system_state: Record<string, Json[]> & { ledger: Json };
  ledger: { checkpoint: string; proofs: Json };
  bundle_hash: string;
  canonical_payload: string;
}

let f: ForensicUnderTest;
beforeAll(async () => {
  f = await startForensic();
});
afterAll(() => f?.close());

const report = (cls: string, workspace = 'default', more: object = {}) =>
  f.post(
    '/api/v1/incidents/report',
    { class: cls, source: 's', description: `in ${workspace}: "\u000f é"`, ...more },
    { 'X-Interlock-Workspace': workspace },
  );
const bundleOf = async (workspace?: string) => JSON.parse(await f.bundle(workspace)) as Bundle;

/** What anybody can write who has read RFC 8785; the values of a bundle have no numbers that it spells otherwise. */
const canonical = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.map(canonical).join()}]`
    : typeof value === 'object' && value !== null
      ? `{${Object.keys(value)
          .sort()
          .map((key) => `${JSON.stringify(key)}:${canonical((value as Json)[key])}`)
          .join()}}`
      : JSON.stringify(value);

const spooled = (): string[] => readdirSync(join(f.stateRoot, 'spool'));
/** Files that are open without a name. */
const nameless = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(join(f.stateRoot, 'spool')) ? [target] : [];
    } catch {
      return [];
    }
  });

describe('ForensicBundle export', () => {
  it('S4-38 S4-39 is an attachment of exactly these members, hash and signatures last', async () => {
    await report('attestation_failure');
    await report('forbidden_airlock_request');
    await f.published();
    const response = await f.get(EXPORT);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const text = await response.text();
    expect(Number(response.headers.get('content-length'))).toBe(Buffer.byteLength(text));
    const bundle = JSON.parse(text) as Bundle;
    const stamp = String(bundle['exported_at']).slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="forensic-bundle-${stamp}.json"`);
    expect(Object.keys(bundle)).toEqual([
      'audit_entries',
      'exported_at',
      'incidents',
      'policy_digest',
      'system_state',
      'canonical_payload',
      'key_id',
      'ledger',
      'bundle_hash',
      'signature',
      'signature_ed25519',
    ]);
    expect(forensicBundle.safeParse(bundle).error?.issues ?? []).toEqual([]);
    expect((await openApiDocument('0'))['paths']).toHaveProperty([EXPORT, 'get']);
    expect(bundle.incidents.map((i) => i['class'])).toEqual(['attestation_failure', 'forbidden_airlock_request']);
    expect(bundle.ledger.proofs).toEqual({ first: 0, size: bundle.audit_entries.length });
    expect(bundle.system_state.holds?.map((h) => h['gate']).sort()).toEqual(['agent', 'airlock', 'vault']);
    expect(bundle.system_state['pending_recoveries']).toHaveLength(1);
    expect([spooled(), nameless()]).toEqual([[], []]);
  });

  it('S4-40 the hash is recomputed by a third party, from the members and from their copy', async () => {
    const bundle = await bundleOf();
    const { exported_at, incidents, audit_entries, system_state, policy_digest } = bundle;
    const payload = canonical({ exported_at, incidents, audit_entries, system_state, policy_digest });
    expect(createHash('sha256').update(payload).digest('hex')).toBe(bundle.bundle_hash);
    expect(Buffer.from(bundle.canonical_payload, 'base64').toString()).toBe(payload);
    for (const { entry, leaf_hash } of audit_entries)
      expect(
        createHash('sha256')
          .update(`\0${canonical(entry)}`)
          .digest('base64'),
      ).toBe(leaf_hash);
  });

  it('S4-41 the signature is the HMAC of the raw hash by the forensic key, beside the log’s own', async () => {
    const bundle = await bundleOf();
    const hash = Buffer.from(bundle.bundle_hash, 'hex');
    const key = readFileSync(f.keyFile);
    expect(key.length).toBeGreaterThanOrEqual(32);
    expect(bundle['signature']).toBe(createHmac('sha256', key).update(hash).digest('hex'));
    const line = (await (await f.get('/ledger/key')).text()).trim();
    const raw = Buffer.from(line.split('+').slice(2).join('+'), 'base64').subarray(1);
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]);
    const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    expect(verify(null, hash, publicKey, Buffer.from(String(bundle['signature_ed25519']), 'base64'))).toBe(true);
  });

  it('S4-38 who acknowledged and which evidence is in it, notes by their digest', async () => {
    const [incident] = (await bundleOf()).incidents;
    const id = String(incident?.['id']);
    f.engine.answer = () => ({ kind: 'unreachable' });
    await f.db.query(
      `INSERT INTO acknowledgements (workspace_id, incident_id, decision_id, operator, binding, note, note_salt, at, actor)
        VALUES ('default', $1, 'd', 'me@org', $2, 'planted note', '00ff', now(), 'olga')`,
      [id, 'b'.repeat(64)],
    );
    await f.db.query(
      `INSERT INTO challenges (workspace_id, challenge_id, node, nonce, purpose, incidents, created_at, expires_at, actor)
        VALUES ('system', 'CHL-1', 'local', 'n1', 'reattest', $1, now(), now(), 'olga'), ('system', 'CHL-2', 'local', 'n2', 'reattest', $2, now(), now(), 'olga')`,
      [
        JSON.stringify([{ workspace_id: 'default', incident_id: id, binding: 'b'.repeat(64) }]),
        JSON.stringify([{ workspace_id: 'lab', incident_id: 'INC-lab', binding: 'b'.repeat(64) }]),
      ],
    );
    await f.db.query(
      `INSERT INTO attestation_results (workspace_id, node, challenge_id, passed, simulated, claims, evidence, reference_version, at, actor)
        SELECT 'system', 'local', c, true, true, '[]', '{"quote":1}', 1, now(), 'olga' FROM unnest(ARRAY['CHL-1', 'CHL-2']) AS c`,
    );
    const text = await f.bundle();
    expect(text.includes('planted note')).toBe(false);
    const sha256 = (value: string | Buffer) => createHash('sha256').update(value).digest('hex');
    const { ceremonies } = (JSON.parse(text) as Bundle).system_state;
    expect(ceremonies).toMatchObject([
      {
        kind: 'acknowledgement',
        incident_id: id,
        operator: 'me@org',
        actor: 'olga',
        binding: 'b'.repeat(64),
        evidence_digest: sha256('{}'),
        note_digest: sha256(Buffer.concat([Buffer.from('00ff', 'hex'), Buffer.from('planted note')])),
      },
      {
        kind: 're_attestation',
        challenge_id: 'CHL-1',
        passed: true,
        evidence_digest: sha256('{"quote":1}'),
        incidents: [{ incident_id: id, binding: 'b'.repeat(64) }],
      },
    ]);
    expect(ceremonies?.length).toBe(2);
    expect(forensicBundle.safeParse(JSON.parse(text)).error?.issues ?? []).toEqual([]);
  });

  it('S4-42 an export is good for whoever has either key, and any change of it is not', async () => {
    const text = await f.bundle();
    const trust = { forensicKeys: [f.key], ledgerKeys: [await f.ledgerKey()] };
    expect(await verdictOf(text, trust)).toMatchObject({
      problems: [],
      signature: 'good',
      checkpoint: 'good',
      respelled: false,
    });
    expect(await verdictOf(text, { ledgerKeys: trust.ledgerKeys })).toMatchObject({
      problems: [],
      signature_ed25519: 'good',
    });
    const altered = text.replace(/"id":"INC-(\d{4})/, '"id":"INC-1999');
    const { problems } = await verdictOf(altered, trust);
    expect(problems.map((p) => p.code)).toContain('incident_altered');
    expect(problems.map((p) => p.where)).toContain('incidents[0]');
  });

  it('S4-38 each export is an entry of the ledger, by whoever asked for it', async () => {
    const bundle = await bundleOf();
    const [entry] = await rows<{ leaf: string }>(
      f.db,
      `SELECT leaf FROM ledger_entries WHERE action = 'forensic_exported' ORDER BY entry_id DESC LIMIT 1`,
    );
    expect(JSON.parse(entry?.leaf ?? '')).toMatchObject({
      workspace_id: 'default',
      actor: 'local-operator',
      action: 'forensic_exported',
      record_hash: bundle.bundle_hash,
      detail: {
        bundle_hash: bundle.bundle_hash,
        key_id: f.key.key_id,
        incidents: bundle.incidents.length,
        audit_entries: bundle.audit_entries.length,
      },
    });
    const next = await bundleOf();
    expect(next.audit_entries.at(-1)?.entry).toMatchObject({ action: 'forensic_exported' });
  });

  it('two workspaces have nothing of each other, and both are proven', async () => {
    for (let i = 0; i < 3; i += 1) {
      await report('tool_call_burst', 'lab', { description: `lab secret ${i}` });
      await report('tool_call_burst', 'default', { description: `default secret ${i}` });
    }
    await f.published();
    const trust = { forensicKeys: [f.key] };
    for (const [own, other] of [
      ['lab', 'default'],
      ['default', 'lab'],
    ] as const) {
      const text = await f.bundle(own);
      const bundle = JSON.parse(text) as Bundle;
      expect(text.includes(`${own} secret 2`)).toBe(true);
      const all = Buffer.from(bundle.canonical_payload, 'base64').toString() + text;
      expect(all.includes(`${other} secret`)).toBe(false);
      const workspaces = new Set(bundle.audit_entries.map(({ entry }) => entry['workspace_id']));
      expect(workspaces).not.toContain(other);
      const foreign = await rows<{ id: string }>(f.db, 'SELECT id FROM incidents WHERE workspace_id = $1', [other]);
      expect(foreign.filter(({ id }) => text.includes(id))).toEqual([]);
      expect(bundle.ledger.proofs).toHaveProperty('hashes');
      const verdict = await verdictOf(text, trust);
      expect(verdict.problems).toEqual([]);
      expect(verdict.proven_entries).toBe(bundle.audit_entries.length);
    }
    const nobody = await verdictOf(await f.bundle('empty'), trust);
    expect(nobody).toMatchObject({ problems: [], incidents: 0, proven_entries: 0 });
  });

  it('leaves out no entry of an epoch that has no checkpoint yet', async () => {
    const tx = await f.db.connect();
    const spool = await Spool.open(f.stateRoot);
    try {
      await tx.query('BEGIN');
      await tx.query(
        `INSERT INTO log_heads (epoch, origin, verifier_key, size, root, opened_at, grown_at, actor)
          VALUES (2, 'test/2', 'key', 1, '\\x00', now(), now(), 'test')`,
      );
      await tx.query(
        `INSERT INTO ledger_entries (workspace_id, at, actor, action, object, detail, leaf, leaf_hash)
          VALUES ('default', now(), 'test', 'first_of_two', 'log/2', '{}', '{"first":"of two"}', '\\x00')`,
      );
      await tx.query(
        `WITH taken AS (DELETE FROM ledger_unsequenced)
          INSERT INTO log_index SELECT (jsonb_populate_record(NULL::log_index, to_jsonb(e) || '{"epoch":2,"idx":0}')).*
            FROM ledger_entries e WHERE action = 'first_of_two'`,
      );
      const { payloadSize } = await writePayload(tx, spool, { workspace_id: 'default', watchIntervalMs: 30_000 });
      const chunks: Buffer[] = [];
      for await (const chunk of spool.read(0, payloadSize)) chunks.push(chunk);
      const { audit_entries } = JSON.parse(Buffer.concat(chunks).toString()) as Bundle;
      expect(audit_entries.at(-1)).toEqual({ entry: { first: 'of two' }, leaf_hash: 'AA==' });
    } finally {
      await tx.query('ROLLBACK');
      tx.release();
      await spool.close();
    }
  });

  it('S4-43 exports beside reports and decisions each show one moment', async () => {
    const trust = { forensicKeys: [f.key] };
    const busy = { on: true };
    const reporting = (async () => {
      for (let i = 0; busy.on; i += 1) {
        const lane = Array.from({ length: 8 }, (_, n) => requestOf('tool_call_burst', { source: `s${i}-${n}` }));
        await recordReports(f.db, lane);
        const [open] = await rows<{ id: string }>(
          f.db,
          `SELECT id FROM incidents WHERE class = 'tool_call_burst' AND state = 'contained' LIMIT 1`,
        );
        if (open !== undefined) await f.post('/api/v1/incidents/resolve', { id: open.id });
      }
    })();
    try {
      for (let i = 0; i < 6; i += 1) {
        const verdict = await verdictOf(await f.bundle(), trust);
        expect(verdict.problems).toEqual([]);
      }
    } finally {
      busy.on = false;
      await reporting;
    }
  });

  it('S4-43 a stream that is cut has no signature, and leaves nothing behind', async () => {
    const stopping = new AbortController();
    const response = await f.get(EXPORT, { signal: stopping.signal });
    const first = (await response.body!.getReader().read()) as { value?: Uint8Array };
    const got = Buffer.from(first.value ?? [])
      .subarray(0, Number(response.headers.get('content-length')) - 300)
      .toString();
    stopping.abort();
    for (const member of ['},"bundle_hash":', '"signature":', '"signature_ed25519":'])
      expect([member, got.includes(member)]).toEqual([member, false]);
    expect((await verdictOf(got, { forensicKeys: [f.key] })).problems.map((p) => p.code)).toEqual(['cut_short']);
    await eventually(async () => nameless().length === 0);
    expect(spooled()).toEqual([]);
    for (let i = 0; i < 3; i += 1) await f.bundle();
  });

  it('nobody makes one by asking for its headers, or by a query', async () => {
    const made = () => rows<{ n: number }>(f.db, 'SELECT count(*) AS n FROM forensic_exports');
    const before = await made();
    const head = await f.get(EXPORT, { method: 'HEAD' });
    expect([head.status, head.headers.get('allow')]).toEqual([405, 'GET, OPTIONS']);
    expect((await f.get(`${EXPORT}?format=csv`)).status).toBe(400);
    expect(await made()).toEqual(before);
  });
});
