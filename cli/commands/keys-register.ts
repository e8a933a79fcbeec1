import { readFileSync, writeFileSync } from 'node:fs';
import { fromBase64, toBase64 } from '../../domain/signing/base64.ts';
import { envelopeOf, preAuthenticationEncoding } from '../../domain/signing/dsse.ts';
import type { DsseEnvelope } from '../../domain/signing/dsse.ts';
import { KEY_REGISTRATION_TYPE, registrationPayload } from '../../domain/signing/key-registration.ts';
import { defineCommand } from '../command.ts';
import { CliError, UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { keyTable } from '../keys/answers.ts';
import type { KeyAnswer, ProofRequired } from '../keys/answers.ts';
import { readKeyFile, signEnvelope } from '../keys/key-file.ts';
import type { FileKey } from '../keys/key-file.ts';

const NAME = 'keys register';
const SIGNATURE_BYTES = 64;

export const command = defineCommand({
  name: NAME,
  about: 'Register an Ed25519 public key, with a proof that its holder has it',
  notes:
    'FILE holds a public key (SPKI PEM, or a line ssh-ed25519 …) or a private one (PKCS#8 PEM, OpenSSH, 32 raw bytes), whose\npublic part is derived here; the private part never leaves this machine. With only the public key, --to-sign writes the\nbytes that its holder signs (openssl pkeyutl -sign -rawin) and the exit code is 3; the same command with --signature\nregisters it. The key speaks with the roles given here, of those that the caller holds. Another user’s takes org_admin.',
  flags: {
    file: { kind: 'text', value: 'FILE', required: true, about: 'the file of the key' },
    user: { kind: 'text', value: 'U', about: 'whose key it is; by default the caller' },
    roles: { kind: 'text', value: 'R,…', about: 'the roles that the key proves; by default all of the caller’s' },
    'not-after': { kind: 'text', value: 'TIME', about: 'when it ends (RFC 3339, UTC); by default when it is revoked' },
    'to-sign': { kind: 'text', value: 'OUT', about: 'where to write what has to be signed' },
    signature: { kind: 'text', value: 'SIG', about: 'the file of the signature, 64 raw bytes' },
  },
  run: async ({ flags }, { client, out }) => {
    const key = readKeyFile(flags.file, NAME);
    const { user, roles, 'not-after': not_after } = flags;
    const asked = {
      public_key: toBase64(key.public_key),
      ...(user === undefined ? {} : { user }),
      ...(roles === undefined ? {} : { roles: roles.split(',') }),
      ...(not_after === undefined ? {} : { not_after }),
    };
    const { body: required } = await client.post<ProofRequired>('/v1/keys', asked);
    const payload = payloadToSign(required, key);
    const proof = proofBy(key, payload, flags.signature);
    if (proof === undefined) {
      const toSign = flags['to-sign'];
      if (toSign !== undefined) writeFileSync(toSign, preAuthenticationEncoding(KEY_REGISTRATION_TYPE, payload));
      out.answer(required, () =>
        out.facts([
          ['status', required.status],
          ['payload', new TextDecoder().decode(payload)],
          ['to_sign', toSign],
        ]),
      );
      return EXIT.pending;
    }
    const { body } = await client.post<KeyAnswer>('/v1/keys', { ...asked, proof });
    out.answer(body, () => keyTable(out, [body]));
    return EXIT.done;
  },
});

/** A key signs nothing but its own registration, whatever the server asks for. */
function payloadToSign({ payload_type, payload, registration }: ProofRequired, key: FileKey): Uint8Array {
  const bytes = fromBase64(payload);
  const own = registration.key_id === key.key_id && payload_type === KEY_REGISTRATION_TYPE;
  if (bytes === null || !own || Buffer.compare(bytes, registrationPayload(registration)) !== 0)
    throw new CliError(
      'what the server asks to sign is not the registration of this key',
      'not_a_registration',
      EXIT.no,
    );
  return bytes;
}

function proofBy(key: FileKey, payload: Uint8Array, file: string | undefined): DsseEnvelope | undefined {
  if (key.sign !== undefined) return signEnvelope({ ...key, sign: key.sign }, KEY_REGISTRATION_TYPE, payload);
  if (file === undefined) return undefined;
  return envelopeOf(KEY_REGISTRATION_TYPE, payload, [{ key_id: key.key_id, signature: readSignature(file) }]);
}

function readSignature(file: string): Uint8Array {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    throw new UsageError(`the signature file ${file} cannot be read (${code})`, NAME);
  }
  if (bytes.length === SIGNATURE_BYTES) return new Uint8Array(bytes);
  throw new UsageError(`the signature file ${file} does not have ${SIGNATURE_BYTES} bytes`, NAME);
}
