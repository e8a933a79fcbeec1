import { ConfigError } from '../config/config-error.ts';
import { readyText } from './supervisor/first-ceremony.ts';
import { readSettings } from './supervisor/settings.ts';
import { startStack } from './supervisor/stack.ts';
import { SupervisorError } from './supervisor/supervisor-error.ts';

const interrupted = 130;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(): Promise<number> {
  const began = performance.now();
  const asked = new AbortController();
  const stopped = new Promise((resolve) => asked.signal.addEventListener('abort', resolve));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // The kernel tells the children when this process is gone, so leaving at once abandons nothing.
      if (asked.signal.aborted) process.exit(interrupted);
      say('stopping…');
      asked.abort();
    });
  }
  const { stateRoot, bind, ports, environment } = readSettings();
  const stack = await startStack({ stateRoot, bind, ports, env: environment, signal: asked.signal, report: say });
  process.stdout.write(readyText(stack, ((performance.now() - began) / 1000).toFixed(1)));
  await stopped;
  await stack.stop();
  say('stopped');
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof SupervisorError && error.code === 'stopped') {
    say('stopped');
  } else {
    if (!(error instanceof SupervisorError || error instanceof ConfigError)) throw error;
    say(`interlock: ${error.message}`);
    process.exitCode = 1;
  }
}
