import { createInterface } from 'node:readline/promises';
import { printable } from './printable.ts';

/** Asks on the terminal, beside the answer: the question goes to stderr. A terminal that is closed says nothing. */
export async function askOnTerminal(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  try {
    return await Promise.race([terminal.question(printable(question)), closed]);
  } finally {
    terminal.close();
  }
}
