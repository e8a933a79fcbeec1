import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isServing } from './grpc-health.ts';
import type { ProcessSpec } from './supervised-process.ts';

const searchAttributes = ['Workspace', 'IncidentClass', 'Severity', 'ProcessState', 'AwaitingRole'];

// The development server's defaults poll slowly and share task queues unfairly: a signal took 50 ms instead of 3, and
// without the new matcher a critical process waits behind every other one because `priority` is ignored.
const dynamicConfig = [
  'history.transferProcessorMaxPollRPS=200',
  'history.timerProcessorMaxPollRPS=200',
  'history.visibilityProcessorMaxPollRPS=200',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
  'history.timerProcessorMaxTimeShift="20ms"',
  'matching.useNewMatcher=true',
];

/** Temporal's development server with its Web UI, on loopback: its ports know no roles. */
export function temporalServer(options: {
  stateRoot: string;
  port: number;
  uiPort: number;
  /** Where its pages have sealed payloads opened; without it they show them sealed. */
  codecUrl?: string;
  cli: string;
}): ProcessSpec {
  const directory = join(options.stateRoot, 'temporal');
  return {
    name: 'temporal',
    prepare: () => mkdirSync(directory, { recursive: true, mode: 0o700 }),
    command: () => ({
      file: options.cli,
      args: [
        ...['server', 'start-dev', '--ip', '127.0.0.1'],
        ...['--port', String(options.port), '--ui-port', String(options.uiPort)],
        ...(options.codecUrl === undefined ? [] : ['--ui-codec-endpoint', options.codecUrl]),
        ...['--db-filename', join(directory, 'temporal.db')],
        ...['--log-format', 'json', '--log-level', 'warn'],
        ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'],
        ...searchAttributes.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
        ...dynamicConfig.flatMap((value) => ['--dynamic-config-value', value]),
      ],
      stopSignal: 'SIGTERM',
    }),
    isReady: () => isServing('127.0.0.1', options.port, 'temporal.api.workflowservice.v1.WorkflowService'),
  };
}
