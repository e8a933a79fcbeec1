import { mkdirSync, realpathSync } from 'node:fs';
import { readEnv } from '../../config/env.ts';
import type { Environment } from '../../config/read-variables.ts';
import { embeddedNames, stackEnvironment, stackUrls, type Place, type StackUrls } from './addresses.ts';
import { untilAppraised, untilReady, type TrustStates } from './api-probes.ts';
import { embeddedServers } from './embedded-servers.ts';
import { migrate } from './migrate.ts';
import { nodeProcesses, nodeServer, type NodeProcess } from './node-processes.ts';
import { portClaims } from './port-claims.ts';
import { claimPorts } from './ports.ts';
import { ProcessGroup } from './process-group.ts';
import { RunRecords } from './run-records.ts';
import type { Ports } from './settings.ts';
import { takeStateLock } from './state-lock.ts';
import { SupervisorError } from './supervisor-error.ts';

export type StackOptions = {
  stateRoot: string;
  ports: Ports;
  /** Where the API listens; 127.0.0.1 when absent. */
  bind?: string;
  /** Variables on top of this process's own. A server whose address they give is not started. */
  env?: Environment;
  /** Names of the processes to start; all when absent. The database is migrated when a Node process is among them. */
  only?: readonly string[];
  nodeProcesses?: readonly NodeProcess[];
  /** Milliseconds until a stack that is not ready is given up; for ever when absent. */
  readyTimeoutMs?: number;
  /** Ends a start that has not come to its end. */
  signal?: AbortSignal;
  report?: (line: string) => void;
};

export type Stack = {
  urls: StackUrls;
  /** What the Node processes were given, passwords included. */
  env: NodeJS.ProcessEnv;
  /** What the state ports said when the stack became ready; undefined where no API was started. */
  states: TrustStates | undefined;
  /** The pids of this moment, by name. */
  readonly pids: Readonly<Record<string, number>>;
  /** Resolves when that run has ended (for SIGSTOP and SIGCONT at once); the process is started again by itself. */
  kill(name: string, signal: NodeJS.Signals): Promise<void>;
  /** Resolves when the process is ready, after a `kill` when it is ready again. */
  ready(name: string): Promise<void>;
  /** Stops everything in order. */
  stop(): Promise<void>;
};

/**
 * Starts Interlock's servers and processes on one state root and keeps them running. Resolves when all are ready.
 * @throws SupervisorError, or ConfigError for an environment the Node processes would refuse; nothing is left running
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  mkdirSync(options.stateRoot, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  const stateRoot = realpathSync(options.stateRoot);
  const lock = takeStateLock(stateRoot);
  const report = options.report ?? (() => undefined);
  const records = new RunRecords(stateRoot);
  const group = new ProcessGroup(stateRoot, records, report);
  const stopping = new AbortController();
  const over = AbortSignal.any([stopping.signal, ...startLimits(options)]);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopping.abort();
    return (stopped ??= group.stop().finally(() => lock.release()));
  };
  try {
    await records.reap();
    const place = { stateRoot, bind: options.bind ?? '127.0.0.1', ports: options.ports };
    const started = await Promise.race([startAll(options, place, group, over), rejectWhen(over)]);
    return {
      ...started,
      get pids() {
        return group.pids;
      },
      kill: (name, signal) => group.process(name).kill(signal),
      ready: (name) => group.process(name).ready(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startAll(
  options: StackOptions,
  place: Place,
  group: ProcessGroup,
  over: AbortSignal,
): Promise<Pick<Stack, 'urls' | 'env' | 'states'>> {
  const given = { ...process.env, ...options.env };
  const wanted = (name: string) => options.only?.includes(name) ?? true;
  const embedded = embeddedNames(given, wanted);
  const own = (options.nodeProcesses ?? nodeProcesses).filter(({ name }) => wanted(name));
  await claimPorts(portClaims(place, (name) => embedded.has(name) || own.some((each) => each.name === name)));
  options.report?.(`starting, data in ${place.stateRoot}…`);

  const env = stackEnvironment(given, place, embedded);
  if (own.length > 0) readEnv(env);
  const up: Record<string, Promise<void>> = {};
  for (const server of embeddedServers(embedded, place, given, options.report ?? (() => undefined))) {
    up[server.name] = group.start(server);
  }
  if (own.length > 0) up.postgres = Promise.resolve(up.postgres).then(() => migrate(env, group.log('migrate'), over));
  for (const child of own) {
    const needs = child.needs.flatMap((name) => up[name] ?? []);
    up[child.name] = group.start(nodeServer(child, env), needs);
  }
  await Promise.all(Object.values(up));

  const urls = stackUrls(place, env);
  if (!up.api || !up.control) return { urls, env, states: undefined };
  await untilReady(urls.api, over);
  const [attestation, integrity] = await Promise.all([
    untilAppraised(urls.attestation, over),
    untilAppraised(urls.integrity, over),
  ]);
  return { urls, env, states: { attestation, integrity } };
}

function startLimits({ signal, readyTimeoutMs }: StackOptions): AbortSignal[] {
  const timeout = readyTimeoutMs === undefined ? [] : [AbortSignal.timeout(readyTimeoutMs)];
  return signal ? [signal, ...timeout] : timeout;
}

function rejectWhen(over: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const refuse = () => {
      const timedOut = (over.reason as { name?: string } | undefined)?.name === 'TimeoutError';
      reject(
        timedOut ? new SupervisorError('not_ready', 'not ready in time') : new SupervisorError('stopped', 'stopped'),
      );
    };
    if (over.aborted) refuse();
    over.addEventListener('abort', refuse);
  });
}
