import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a tool to its end. @throws Error with the last line the tool wrote */
export async function runTool(file: string, args: readonly string[]): Promise<void> {
  try {
    await run(file, args);
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    const said = `${stdout}\n${stderr}`.trim().split('\n').at(-1);
    throw new Error(`${file} failed: ${said || message}`, { cause: error });
  }
}
