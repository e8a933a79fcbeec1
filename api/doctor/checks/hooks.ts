import { lookup } from 'node:dns/promises';
import { activeHooks } from '../../../db/command/apply-hooks.ts';
import { addressKind, mayReach } from '../../../domain/egress/address.ts';
import type { Hook } from '../../../domain/hook/hooks.ts';
import { ill, well } from '../../../domain/doctor/finding.ts';
import type { Said } from '../../../domain/doctor/finding.ts';
import type { DoctorCheck } from '../check.ts';

/** Names that are asked for at the same time; the resolver's threads are everybody's. */
const AT_ONCE = 4;
const WITHIN_MS = 4_000;

/** Where the hooks in force lead now, as this process resolves their names: nothing is sent. */
export const check: DoctorCheck = {
  name: 'hooks',
  component: false,
  run: async ({ db }) => {
    const hooks = (await activeHooks(db))?.set.hooks ?? [];
    if (hooks.length === 0) return well('none is in force');
    const found: Said[] = [];
    const queue = hooks.values();
    const look = async () => {
      for (const hook of queue) found.push(await judge(hook));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, look));
    return found.sort((a, b) => ((a.of ?? '') < (b.of ?? '') ? -1 : 1));
  },
};

/** As a delivery is judged: one forbidden address among the answers refuses them all. */
async function judge({ name, url, internal }: Hook): Promise<Said> {
  const found = await addressesOf(new URL(url).hostname.replace(/^\[|\]$/g, ''));
  if (found.length === 0) return ill('name_unresolved', 'its name leads to no address', name);
  const refused = found.map(addressKind).find((kind) => !mayReach(kind, internal));
  if (refused === undefined) return well(undefined, name);
  const advice = mayReach(refused, true) ? '; if it is one of our own, it is internal' : '';
  return ill('address_refused', `its name leads to a ${refused} address, where nothing is sent${advice}`, name);
}

async function addressesOf(hostname: string): Promise<string[]> {
  const late = Promise.withResolvers<string[]>();
  const timer = setTimeout(() => late.resolve([]), WITHIN_MS);
  const asked = lookup(hostname, { all: true, order: 'verbatim' }).then(
    (found) => found.map(({ address }) => address),
    () => [],
  );
  try {
    return await Promise.race([asked, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
