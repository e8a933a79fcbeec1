import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { AUDIENCE, issuerKey, pipelineToken, startIssuer } from '../support/oidc-issuer.ts';
import type { IssuerKey, OidcIssuer } from '../support/oidc-issuer.ts';
import { testStack } from '../support/stack.ts';
import type { TestStack } from '../support/stack.ts';
import { removeTree } from '../support/remove-tree.ts';

const GENEROUS_MS = 240_000;
/** What docs/ci.md prints, by its kind and in its order. */
const blocks = (kind: string): string[] =>
  [...readFileSync('docs/ci.md', 'utf8').matchAll(new RegExp(`\`\`\`${kind}\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, block = '']) => block,
  );
const [claims = '', github = '', gitlab = ''] = blocks('yaml');
const steps = (parse(github) as { jobs: { export: { steps: { run: string }[] } } }).jobs.export.steps;
const job = (parse(gitlab) as { export: { script: string[]; after_script: string[]; allow_failure: object } }).export;
const [atTheReceiver = ''] = blocks('sh');

let folder: string;
let key: IssuerKey;
let issuer: OidcIssuer;
let tokens: Server;
let t: TestStack;
const path = (name: string) => join(folder, name);

interface Ran {
  code: number;
  out: string;
}

/** Runs lines as a runner does: bash that ends at the first failure. */
function bash(lines: string, env: Record<string, string>): Promise<Ran> {
  const { PATH = '', INTERLOCK_CACHE } = process.env;
  const all = { PATH: `${path('bin')}:${PATH}`, HOME: folder, INTERLOCK_URL: t.stack.urls.api, ...env };
  const cache = INTERLOCK_CACHE === undefined ? {} : { INTERLOCK_CACHE };
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { ...all, ...cache }, timeout: 200_000 };
    const child = execFile('bash', ['-e', '-c', lines], options, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out: `${out}${err}` }),
    );
  });
}

const GITHUB = { sub: 'repo:acme/agent:ref:refs/tags/v1.0.0', repository: 'acme/agent', ref_type: 'tag' };
const GITLAB = { sub: 'project_path:acme/agent:ref_type:tag', project_path: 'acme/agent', ref_protected: 'true' };
const tokenOf = (of: object) => pipelineToken(issuer.url, key, { ...of });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'interlock-ci-'));
  mkdirSync(path('bin'));
  writeFileSync(path('bin/interlock'), `#!/bin/sh\nexec "${process.cwd()}/script/interlock" "$@"\n`);
  chmodSync(path('bin/interlock'), 0o755);
  writeFileSync(path('claims.yaml'), claims);
  key = await issuerKey('k');
  issuer = await startIssuer([key.jwk]);
  // What a job of GitHub Actions asks for its token.
  tokens = createServer((req, res) => {
    const asked = req.headers.authorization === 'bearer runner' && req.url === `/token?v=1&audience=${AUDIENCE}`;
    if (!asked) return void res.writeHead(403).end();
    void tokenOf(GITHUB).then((value) => res.end(JSON.stringify({ value })));
  });
  await new Promise<void>((resolve) => tokens.listen(0, '127.0.0.1', resolve));
  t = await testStack({
    env: {
      INTERLOCK_WATCH_INTERVAL: '3600',
      INTERLOCK_OIDC_ISSUER: issuer.url,
      INTERLOCK_OIDC_AUDIENCE: AUDIENCE,
      INTERLOCK_OIDC_CLAIMS_FILE: path('claims.yaml'),
    },
  });
  mkdirSync(path('agent'));
  writeFileSync(path('agent/LICENSE'), 'do as you like\n');
  const published = await bash(
    `interlock registry publish agent 1.0.0 agent --license MIT --license-file LICENSE \
      --transition sha256:${'1'.repeat(64)} --policy-profile lab-default --policy-hash sha256:${'2'.repeat(64)}`,
    {},
  );
  expect(published).toMatchObject({ code: 0 });
}, GENEROUS_MS);
afterAll(async () => {
  await t?.close();
  await issuer?.close();
  tokens?.close();
  removeTree(folder);
});

interface Shown {
  export_id: string;
  state: string;
  key: string;
  requested_by: string;
  reason_code: string | null;
}
const shown = () => JSON.parse(readFileSync(path('export.json'), 'utf8')) as Shown;

/** The steps of the GitHub job; the code is that of the command, as the job hands it on. */
async function onGithub(): Promise<{ code: number; job: number; out: string }> {
  const { port } = tokens.address() as AddressInfo;
  const env = {
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'runner',
    ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?v=1`,
    RUNNER_TEMP: folder,
    GITHUB_OUTPUT: path('output'),
    GITHUB_STEP_SUMMARY: path('summary'),
    GITHUB_REF_NAME: 'v1.0.0',
    GITHUB_RUN_ID: '77',
  };
  rmSync(env.GITHUB_OUTPUT, { force: true });
  let out = '';
  for (const { run } of steps) {
    const ran = await bash(run, env);
    out += ran.out;
    if (ran.code !== 0) return { code: ran.code, job: ran.code, out };
  }
  return { code: Number(/exit_code=(\d+)/.exec(readFileSync(env.GITHUB_OUTPUT, 'utf8'))?.[1]), job: 0, out };
}

/** The script of the GitLab job. */
async function onGitlab(pipeline: string, over: { tag?: string; claims?: object; url?: string } = {}): Promise<Ran> {
  const env = {
    INTERLOCK_ID_TOKEN: await tokenOf({ ...GITLAB, repository: undefined, ...over.claims }),
    CI_PROJECT_DIR: folder,
    CI_COMMIT_TAG: over.tag ?? 'v1.0.0',
    CI_PIPELINE_ID: pipeline,
    ...(over.url === undefined ? {} : { INTERLOCK_URL: over.url }),
  };
  const ran = await bash(job.script.join('\n'), env);
  expect((await bash(job.after_script.join('\n'), env)).code).toBe(0);
  return ran;
}

describe('the pipelines of docs/ci.md', () => {
  it(
    'ask for an export, wait for people with 3, and learn with 0 that it has left, from one key one export',
    async () => {
      const first = await onGithub();
      expect(first, first.out).toMatchObject({ code: 3, job: 0 });
      const asked = shown();
      expect(asked).toMatchObject({ state: 'pending_approval' });
      expect(asked.requested_by).toBe(`oidc:${new URL(issuer.url).host}:${GITHUB.sub}`);
      expect(await onGithub()).toMatchObject({ code: 3, job: 0 });
      expect(shown().export_id).toBe(asked.export_id);
      const approve = `interlock export approve ${asked.export_id} --confirm ${asked.export_id}`;
      // A pipeline's own word counts for nothing.
      const own = await bash(`${approve} --token-file interlock.token`, {});
      expect(own, own.out).toMatchObject({ code: 6 });
      expect(await bash(approve, {})).toMatchObject({ code: 0 });
      const last = await onGithub();
      expect(last, last.out).toMatchObject({ code: 0, job: 0 });
      expect(shown()).toMatchObject({ export_id: asked.export_id, state: 'exported' });
      const received = await bash(atTheReceiver, { ARCHIVE: join(t.stateRoot, 'exports', shown().key) });
      expect(received, received.out).toMatchObject({ code: 0 });
      expect(readFileSync(path('export/bundle/LICENSE'), 'utf8')).toBe('do as you like\n');
      // What left before the key was rotated is verified by the keys that are answered afterwards.
      const rotated = await bash('interlock rotate provenance_key --reason due --wait 3m', {});
      expect(rotated, rotated.out).toMatchObject({ code: 0 });
      const again = await bash(atTheReceiver, { ARCHIVE: join(t.stateRoot, 'exports', shown().key) });
      expect(again, again.out).toMatchObject({ code: 0 });
      const { keys } = JSON.parse(readFileSync(path('known-keys.json'), 'utf8')) as {
        keys: { until: string | null }[];
      };
      expect(keys.map(({ until }) => until === null)).toEqual([false, true]);
    },
    GENEROUS_MS,
  );

  it(
    'learn with 4 that it is blocked, with 5 that it was rejected, with 6 and 7 that nobody heard them',
    async () => {
      const missing = await onGitlab('1', { tag: 'v9.9.9' });
      expect(missing, missing.out).toMatchObject({ code: 4 });
      expect(shown()).toMatchObject({ reason_code: 'bundle_unregistered' });
      const waiting = await onGitlab('2');
      expect(waiting, waiting.out).toMatchObject({ code: 3 });
      expect(job.allow_failure).toEqual({ exit_codes: [3] });
      const rejected = await bash(`interlock export reject ${shown().export_id} --reason 'not now'`, {});
      expect(rejected, rejected.out).toMatchObject({ code: 0 });
      expect(await onGitlab('2')).toMatchObject({ code: 5 });
      expect(await onGitlab('3', { claims: { project_path: 'acme/other' } })).toMatchObject({ code: 6 });
      expect(await onGitlab('3', { url: 'http://127.0.0.1:9' })).toMatchObject({ code: 7 });
    },
    GENEROUS_MS,
  );
});
