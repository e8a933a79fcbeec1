import fc from 'fast-check';
import { createPublicKey, hash, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../domain/canonical/json.ts';
import { preAuthenticationEncoding } from '../../../domain/signing/dsse.ts';
import { readExportStatement, statementPayload } from '../../../domain/export/statement.ts';
import { readExportKeys } from '../../../domain/export/provenance-key.ts';
import { readMemberHeader } from '../../../domain/export/pax.ts';
import { sha256 } from '../ledger/naive-tree.ts';
import { exportOf, NO_TRUST, PROVENANCE, verdictOf } from './builder.ts';

interface Envelope {
  payload: string;
  payloadType: string;
  signatures: { keyid: string; sig: string }[];
}

const sealed = async () => JSON.parse((await exportOf()).content.statement) as Envelope;
const payloadOf = async () => Buffer.from((await sealed()).payload, 'base64');

describe('the statement of an export', () => {
  it('is what the in-toto Attestation Framework calls a Statement v1, in the envelope that it names', async () => {
    const { payloadType, payload, signatures } = await sealed();
    expect(payloadType).toBe('application/vnd.in-toto+json');
    const statement = JSON.parse(Buffer.from(payload, 'base64').toString()) as Record<string, unknown>;
    expect(Object.keys(statement).sort()).toEqual(['_type', 'predicate', 'predicateType', 'subject']);
    expect(statement).toMatchObject({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [
        { name: 'manifest.json', digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string } },
        { name: 'keys.json' },
        { name: 'bundle/LICENSE', digest: { sha256: hash('sha256', 'as is\n') } },
        { name: 'bundle/empty' },
        { name: 'bundle/weights/Größe 漢字.bin' },
        { name: 'bundle/weights/part-1.bin' },
      ],
    });
    expect(signatures).toMatchObject([{ keyid: PROVENANCE.key_id }]);
  });

  it('is verified by another implementation, over the encoding that DSSE prescribes', async () => {
    // The example of the DSSE protocol, v1.0.2.
    expect(Buffer.from(preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world')))).toEqual(
      Buffer.from('DSSEv1 29 http://example.com/HelloWorld 11 hello world'),
    );
    const { payload, signatures } = await sealed();
    const body = Buffer.from(payload, 'base64');
    const encoded = Buffer.concat([Buffer.from(`DSSEv1 28 application/vnd.in-toto+json ${body.length} `), body]);
    const x = Buffer.from(PROVENANCE.public_key).toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    expect(verify(null, encoded, key, Buffer.from(signatures[0]?.sig ?? '', 'base64'))).toBe(true);
  });

  it('follows from its content: the same export is the same bytes, on any machine', async () => {
    const { bytes } = await exportOf();
    expect(bytes.equals((await exportOf()).bytes)).toBe(true);
    expect(hash('sha256', bytes)).toBe('4af07476f20755d6f00dc219c6120f34a237fdd33fa1c886e8bf19ca415b064f');
  });

  it('has one reading: no other spelling, no unknown member, no other type', async () => {
    const payload = await payloadOf();
    const statement = readExportStatement(payload);
    expect(statement).not.toBeNull();
    expect(Buffer.from(statementPayload(statement!)).equals(payload)).toBe(true);
    const changed = (change: (value: Record<string, unknown>) => unknown) => {
      const value = JSON.parse(payload.toString()) as Record<string, unknown>;
      return readExportStatement(Buffer.from(canonicalJson(change(value) ?? value)));
    };
    expect(readExportStatement(Buffer.from(JSON.stringify(statement, null, 1)))).toBeNull();
    expect(changed((value) => ({ ...value, more: 1 }))).toBeNull();
    expect(changed((value) => ({ ...value, predicate: { ...(value['predicate'] as object), more: 1 } }))).toBeNull();
    expect(changed((value) => ({ ...value, predicateType: 'urn:interlock:export:v2' }))).toBeNull();
    expect(changed((value) => ({ ...value, _type: 'https://in-toto.io/Statement/v0.1' }))).toBeNull();
    expect(changed(() => undefined)).not.toBeNull();
  });
});

describe('what is read of an archive', () => {
  it('is never taken for what it is not, whatever the bytes', async () => {
    const payload = await payloadOf();
    const mutated = fc
      .tuple(fc.nat({ max: payload.length - 1 }), fc.uint8Array({ minLength: 1, maxLength: 20 }))
      .map(([at, bytes]) => Buffer.concat([payload.subarray(0, at), bytes, payload.subarray(at + bytes.length)]));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), mutated), (bytes) => {
        if (payload.equals(bytes)) return;
        const read = readExportStatement(bytes);
        if (read !== null) expect(Buffer.from(statementPayload(read)).equals(bytes)).toBe(true);
        expect(readExportKeys(bytes, sha256)).toBeNull();
        readMemberHeader(bytes);
      }),
    );
  });

  it('is never verified as what it is not, and throws nothing, where stretches of it are others', async () => {
    const { bytes } = await exportOf();
    const place = fc.nat({ max: bytes.length - 1 });
    const edit = fc.oneof(
      fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 2000 })).map(([at, more]) => {
        const copy = Buffer.from(bytes);
        copy.set(more.subarray(0, bytes.length - at), at);
        return copy;
      }),
      fc.tuple(place, place).map(([from, to]) => Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])),
      fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 600 })).map(([at, more]) => {
        return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);
      }),
    );
    await fc.assert(
      fc.asyncProperty(edit, fc.constantFrom(7, 512, 4096, 1 << 20), async (edited, size) => {
        if (bytes.equals(edited)) return;
        for (const trust of [undefined, NO_TRUST])
          expect((await verdictOf(edited, trust, size)).problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 150 },
    );
  }, 180_000);
});
