import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ENTRY = join(ROOT, 'workflows/index.ts');
/** Bundled beside them: what is done before a workflow runs. */
const BEFORE = join(ROOT, 'workflows/refuse-unreadable.ts');
const PREFIX = 'workflows-';

/** Hex SHA-256 over what the bundle is made of: our sources, and the SDK that makes it. */
function sourcesDigest(): string {
  const hash = createHash('sha256');
  const require = createRequire(import.meta.url);
  for (const name of ['@temporalio/worker', '@temporalio/workflow']) {
    hash.update(readFileSync(require.resolve(`${name}/package.json`)));
  }
  for (const file of globSync(['workflows/**/*.ts', 'domain/**/*.ts'], { cwd: ROOT }).sort()) {
    hash.update(`\0${file}\0`).update(readFileSync(join(ROOT, file)));
  }
  return hash.digest('hex');
}

/** The workflows' code, bundled once per content and kept under `<stateRoot>/cache`; returns the file's path. */
export async function workflowBundle(stateRoot: string): Promise<{ codePath: string }> {
  const cache = join(stateRoot, 'cache');
  const name = `${PREFIX}${sourcesDigest()}.js`;
  const codePath = join(cache, name);
  if (existsSync(codePath)) return { codePath };
  const { code } = await bundleWorkflowCode({
    workflowsPath: ENTRY,
    workflowInterceptorModules: [BEFORE],
    logger: quiet,
  });
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const written = `${codePath}.${process.pid}`;
  writeFileSync(written, code, { mode: 0o600 });
  renameSync(written, codePath);
  for (const old of readdirSync(cache))
    if (old.startsWith(PREFIX) && old.endsWith('.js') && old !== name) rmSync(join(cache, old));
  return { codePath };
}

const silence = () => undefined;
const quiet = { log: silence, trace: silence, debug: silence, info: silence, warn: silence, error: silence };
