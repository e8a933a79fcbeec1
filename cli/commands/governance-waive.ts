import { ROLES } from '../../domain/identity/roles.ts';
import { WAIVER_SCOPES } from '../../domain/governance/waiver.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { waiverFacts } from '../governance/answers.ts';
import { ledgerFile } from '../governance/ledger-file.ts';
import { waive } from '../governance/waive.ts';
import { requireDigest } from '../registry/bundle.ts';

const NAME = 'governance waive';

export const command = defineCommand({
  name: NAME,
  about: 'Sign a waiver for the export of a bundle that was not approved',
  notes:
    'The folder has to hold a published bundle of the transition, file by file, and its license document. The key is registered\n(keys register) and proves the role; the waiver lifts the approval and nothing else. Its line, with the signed receipt, is\nadded to DIR/governance/ledger.jsonl. Asked again after a failure it is the same waiver.',
  flags: {
    bundle: { kind: 'text', value: 'DIR', required: true, about: 'the folder of the bundle' },
    transition: { kind: 'text', value: 'DIGEST', required: true, about: 'what the bundle is the outcome of, sha256:…' },
    scope: {
      kind: 'text',
      value: 'SCOPE',
      required: true,
      about: 'what is waived',
      values: Object.keys(WAIVER_SCOPES),
    },
    justification: { kind: 'text', value: '@FILE', required: true, about: 'the file that says why, at most 8 KiB' },
    role: { kind: 'text', value: 'ROLE', required: true, about: 'the role that the key proves', values: ROLES },
    identity: { kind: 'text', value: 'MAIL', required: true, about: 'the address of whoever signs' },
    'signing-key': {
      kind: 'text',
      value: 'FILE',
      required: true,
      about: 'the file of the private key: PKCS#8 PEM, OpenSSH or 32 raw bytes',
    },
    license: { kind: 'text', value: 'PATH', required: true, about: 'the license document in the folder' },
    for: { kind: 'text', value: 'DURATION', about: 'how long it stands, at most 7d; by default 24h' },
    name: { kind: 'text', about: 'of the bundle, where the folder holds more than one' },
    version: { kind: 'text', about: 'its version' },
  },
  run: async ({ flags }, session) => {
    requireDigest(flags.transition);
    const { waiver } = await waive(NAME, flags, session);
    const { out } = session;
    out.answer(waiver, () => waiverFacts(out, waiver, [['ledger', ledgerFile(flags.bundle)]]));
    return EXIT.done;
  },
});
