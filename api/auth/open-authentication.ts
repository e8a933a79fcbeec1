import type { Logger } from 'pino';
import type { Env } from '../../config/env.ts';
import type { Database } from '../../db/client.ts';
import { countRefusals } from '../../db/command/count-refusals.ts';
import { databaseTime } from '../doctor/database-time.ts';
import type { Authentication } from './authenticate.ts';
import { countedTrail } from './counted-trail.ts';
import { openIssuedTokens } from './issued-tokens.ts';
import { joinTokens, watchRawTokens } from './raw-token-files.ts';
import type { RawTokenEvent, RefusedFile } from './raw-token-files.ts';
import { openDoor } from './open-door.ts';
import { watchTokens } from './tokens-file.ts';
import type { Tokens } from './tokens-file.ts';
import { createAuthTrail } from './trail.ts';
import type { AuthTrail } from './trail.ts';

type Settings = Partial<Pick<Env, 'allowedHosts' | 'corsOrigins' | 'consoleOrigins' | 'oidc'>> &
  Pick<Env, 'loopbackTrust' | 'tokensFile' | 'adminTokenFile' | 'readonlyTokenFile' | 'stateRoot' | 'databaseUrl'>;

/** Every way in that is configured, and the tokens of the record. `close` ends what keeps them up to date. */
export async function openAuthentication(
  env: Settings,
  { db, log }: { db: Database; log: Logger },
): Promise<{ auth: Authentication; close: () => Promise<void> }> {
  const written = createAuthTrail(env.stateRoot, {
    onTrouble: (err) => log.error({ event: 'auth.trail_failed', err }),
  });
  const now = async () => new Date(await databaseTime(db));
  const bounded = openDoor(env, { trail: written, log, now });
  const counted = countedTrail(bounded.trail, {
    count: (counts) => countRefusals(db, counts),
    onTrouble: (err) => log.warn({ event: 'slo.uncounted', err }),
  });
  const { trail } = counted;
  const door = { ...bounded, trail };
  const onTrouble = (reason: string) => log.warn({ event: 'tokens.listen_failed', reason });
  const issued = openIssuedTokens({ db, databaseUrl: env.databaseUrl, onTrouble });
  const close = async () => {
    await issued.close();
    await counted.close();
    trail.close();
  };
  const { sources, refusedFiles } = fileSources(env, log, trail);
  const auth = { loopbackTrust: env.loopbackTrust, ...door, issued: issued.find, refusedFiles };
  if (sources.length === 0) return { auth, close };
  const tokens = joinTokens(sources, (count) => log.error({ event: 'tokens.named_twice', count }));
  log.info({ event: 'tokens.loaded', count: (await tokens()).size });
  return { auth: { ...auth, tokens }, close };
}

interface FileSources {
  sources: (() => Promise<Tokens>)[];
  refusedFiles: () => Promise<RefusedFile[]>;
}

function fileSources(env: Settings, log: Logger, trail: AuthTrail): FileSources {
  const { tokensFile, adminTokenFile: admin, readonlyTokenFile: readonly } = env;
  const said = ({ code, ...detail }: RawTokenEvent) => {
    log[code === 'token_file_refused' ? 'error' : 'info']({ event: code, ...detail });
    trail.write({ code, source: 'local', detail });
  };
  const raw = watchRawTokens({ admin, readonly }, said);
  const listed =
    tokensFile === undefined ? [] : [watchTokens(tokensFile, (err) => log.error({ event: 'tokens.unreadable', err }))];
  const sources = (admin ?? readonly) === undefined ? listed : [...listed, raw.tokens];
  return { sources, refusedFiles: raw.refused };
}
