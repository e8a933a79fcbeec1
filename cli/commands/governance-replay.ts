import { replayLedger } from '../../domain/governance/replay.ts';
import type { Replay } from '../../domain/governance/replay.ts';
import { defineCommand } from '../command.ts';
import type { Session } from '../command.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import {
  countLines,
  differingLine,
  digestOf,
  ledgerFile,
  readLedger,
  servedLedger,
} from '../governance/ledger-file.ts';
import { readKeyFile } from '../keys/key-file.ts';

const NAME = 'governance replay';

/** How the ledger in the folder stands to the server’s. */
type Standing = 'same' | 'behind' | 'differs' | null;

export const command = defineCommand({
  name: NAME,
  about: 'Replay the governance ledger of a bundle: every hash, signature, expiry and revocation',
  notes:
    'Needs no server. --key-file pins whose receipts count (the instance’s keys/governance-receipts.pub.pem); without it each is\nread by the key that it names, which proves that nothing was changed and not who wrote it. --online compares with the\nserver as well: what was cut off at the end only it can tell.',
  flags: {
    bundle: { kind: 'text', value: 'DIR', required: true, about: 'the folder of the bundle' },
    'key-file': { kind: 'text', value: 'FILE', about: 'the instance’s public key for receipts' },
    online: { kind: 'boolean', about: 'compare with the server’s copy' },
  },
  run: async ({ flags: { bundle, 'key-file': keyFile, online } }, { client, out }) => {
    const bytes = await readLedger(bundle);
    if (bytes === undefined) throw new CliError(`there is no ${ledgerFile(bundle)}`, 'ledger_missing', EXIT.no);
    const keys = keyFile === undefined ? undefined : [readKeyFile(keyFile, NAME)];
    const replay = replayLedger(bytes, { keys, now: new Date().toISOString(), sha256: digestOf });
    const server = online && replay.bundle !== null ? await compare(client, bytes, replay.bundle.digest) : undefined;
    const trusted = keys !== undefined && replay.problem === null && replay.lines > 0;
    const answer = { ...replay, receipts: trusted ? 'verified' : 'unpinned', server: server?.standing ?? null };
    out.answer(answer, () => show(out, answer, server?.line));
    return replay.problem === null && (server === undefined || server.standing === 'same') ? EXIT.done : EXIT.no;
  },
});

async function compare(
  client: Session['client'],
  own: Buffer,
  digest: string,
): Promise<{ standing: Standing; line: number | undefined }> {
  const served = await servedLedger(client, digest);
  const line = differingLine(own, served);
  if (line !== undefined) return { standing: 'differs', line };
  if (own.length === served.length) return { standing: 'same', line: undefined };
  return own.length < served.length
    ? { standing: 'behind', line: countLines(own) + 1 }
    : { standing: 'differs', line: countLines(served) + 1 };
}

function show(
  out: Session['out'],
  { bundle, lines, head, receipts, server, problem, waivers }: Replay & { receipts: string; server: Standing },
  line: number | undefined,
): void {
  out.facts([
    ['bundle', bundle === null ? 'none' : `${bundle.name}@${bundle.version} ${bundle.digest}`],
    ['lines', lines],
    ['head', head ?? 'none'],
    ['receipts', receipts],
    ...(server === null ? [] : [['server', line === undefined ? server : `${server} at line ${line}`] as const]),
    ['ledger', problem === null ? 'holds' : `wrong at line ${problem.line}: ${problem.code}`],
  ]);
  out.table(
    waivers,
    [
      { head: 'WAIVER', cell: (w) => w.waiver_id },
      { head: 'STATE', cell: (w) => w.state },
      { head: 'BY', cell: (w) => w.by },
      { head: 'ROLE', cell: (w) => w.role },
      { head: 'KEY', cell: (w) => w.key_id },
      { head: 'NOT_AFTER', cell: (w) => w.not_after },
    ],
    'no waivers',
  );
}
