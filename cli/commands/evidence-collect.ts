import { createHash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical/json.ts';
import { MANIFEST, MANIFEST_PROOF } from '../../domain/evidence/manifest.ts';
import { defineCommand } from '../command.ts';
import { UnreachableError } from '../errors.ts';
import { collectEvidence } from '../evidence/collect.ts';
import { provenRecord } from '../evidence/record.ts';
import type { Recorded } from '../evidence/record.ts';
import { refuseTaken, writeEvidence } from '../evidence/write.ts';
import type { Named } from '../evidence/write.ts';
import { EXIT } from '../exit-codes.ts';
import { withProgress } from '../output/progress.ts';

export const command = defineCommand({
  name: 'evidence collect',
  about: 'Collect the evidence of an incident: state, histories, acknowledgements, record, proofs, timeline',
  notes: `Writes evidence-INC-…-YYYYMMDD-HHMMSS.tar, or what --out names: an archive where it ends with .tar, else a folder. Only its
owner reads it; what looks like a secret is replaced. MANIFEST.json lists every file with its SHA-256, and what is absent and
why; its digest goes on record, and the proof of that is beside it. Needs a responder or the role auditor.`,
  operands: { id: { about: 'the id of the incident, INC-…' } },
  flags: { out: { kind: 'text', value: 'DIR|FILE', about: 'where to write it' } },
  run: async ({ operands: { id }, flags }, { client, out }) => {
    if (flags.out !== undefined) await refuseTaken(flags.out);
    const { files, manifest } = await collectEvidence(client, id, (what) => out.progress?.write(`${what}\n`));
    const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
    const { collected_at } = manifest;
    const stamp = collected_at.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
    const path = flags.out ?? `evidence-${id}-${stamp}.tar`;
    await refuseTaken(path);
    const manifest_digest = createHash('sha256').update(text).digest('hex');
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const counts = { files: files.length, bytes, absent: manifest.absent.length };

    const recorded = await withProgress(out.progress, 'on record', record(), () => undefined);
    const all: Named[] = [
      { path: MANIFEST, content: text },
      ...(recorded.proof === undefined ? [] : [{ path: MANIFEST_PROOF, content: recorded.proof }]),
      ...files,
    ];
    await writeEvidence(path, all, Math.floor(Date.parse(collected_at) / 1000));
    const { evidence_id = null } = recorded;
    const facts = { path, incident: id, evidence_id, manifest_digest, ...counts, proven: recorded.proof !== undefined };
    out.answer({ ...facts, absent_things: manifest.absent }, () => {
      out.facts(Object.entries(facts));
      if (manifest.absent.length > 0)
        out.table(
          manifest.absent,
          [
            { head: 'ABSENT', cell: (a) => a.what },
            { head: 'WHY', cell: (a) => a.why },
          ],
          '',
        );
    });
    if (recorded.proof !== undefined) return EXIT.done;
    out.note('nothing proves the manifest: the server did not record it, or no checkpoint covers its entry');
    return EXIT.unreachable;

    /** A server that is lost by now does not take what was collected with it. */
    async function record(): Promise<{ evidence_id?: string; proof?: Uint8Array }> {
      try {
        const said = { manifest_digest, ...counts };
        const { body } = await client.post<Recorded>(`/v1/incidents/${encodeURIComponent(id)}/evidence`, said);
        const proof = await provenRecord(client, id, body);
        const { evidence_id } = body;
        return proof === undefined ? { evidence_id } : { evidence_id, proof: Buffer.from(canonicalJson(proof)) };
      } catch (error) {
        if (error instanceof UnreachableError) return {};
        throw error;
      }
    }
  },
});
