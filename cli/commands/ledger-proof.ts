import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { proveEntry } from '../ledger/entry-proof.ts';
import { TRUST_FLAGS, readTrust } from '../ledger/trusted-key.ts';

export const command = defineCommand({
  name: 'ledger proof',
  about: 'Show an entry of the log, with the proof that its signed checkpoint covers it verified here',
  notes: `Exit code 0 when it is proven, 1 when not, or when there is no such entry. With --remember FILE the checkpoint has to
continue the one remembered by ledger verify; FILE stays as it is.`,
  operands: { index: { about: 'the place of the entry in the log, from 0' } },
  flags: TRUST_FLAGS,
  run: async ({ operands: { index }, flags }, { client, out }) => {
    if (!/^\d{1,15}$/.test(index)) throw new UsageError('INDEX is a whole number', 'ledger proof');
    const trust = await readTrust(flags);
    const { answer, entry, checkpoint, key } = await proveEntry(client, Number(index), trust);
    const { leaf, proof } = answer;
    const { origin, size } = checkpoint;
    const shown = { verified: true, origin, size, key, key_from: trust.keyFrom, index: Number(index), leaf, proof };
    out.answer({ ...shown, checkpoint: answer.checkpoint }, () =>
      out.facts([
        ['verified', true],
        ['origin', origin],
        ['size', size],
        ['key', key],
        ['key_from', trust.keyFrom],
        ['remembered_size', trust.remembered?.size],
        ['index', index],
        ['at', entry.at],
        ['actor', entry.actor],
        ['on_behalf_of', entry.on_behalf_of],
        ['action', entry.action],
        ['object', entry.object],
        ['record_hash', entry.record_hash],
        ['record_version', entry.record_version],
        ['detail', JSON.stringify(entry.detail)],
        ['policy_digest', entry.policy_digest],
      ]),
    );
    if (trust.keyFrom === 'its own') out.note('the key is what the log says of itself: --key names the one you know');
    return EXIT.done;
  },
});
