import { asExpected } from '../../domain/checklist/checklist.ts';
import type { Outcome } from '../../domain/checklist/checklist.ts';
import type { Session } from '../command.ts';
import { UsageError } from '../errors.ts';
import { stepPath } from './answers.ts';
import type { ChecklistAnswer, StepAnswer } from './answers.ts';
import { runCommand } from './run-command.ts';
import type { Ran } from './run-command.ts';

export interface Walk {
  incident: string;
  checklist: ChecklistAnswer;
  /** Commands are run without a question; what only a person can do stays open. */
  yes: boolean;
}

interface Taken {
  outcome: Outcome;
  note?: string;
  ran?: Ran;
}

/**
 * Goes through what is left of a checklist, one step after the other, and records each as it ends. Stops at the first that
 * did not end as it should. True when nothing is left.
 */
export async function walk(session: Session, { incident, checklist, yes }: Walk): Promise<boolean> {
  const env = await variables(session, checklist);
  let complete = true;
  for (const step of checklist.steps) {
    if (step.taken?.outcome === 'done' || step.taken?.outcome === 'skipped') continue;
    present(session, step);
    const taken = yes ? await takeByItself(session, step, env) : await takeWith(session, step, env);
    if (taken === undefined) {
      complete = false;
      if (yes) continue;
      return false;
    }
    await record(session, incident, checklist, step, taken);
    if (taken.outcome === 'failed') return false;
  }
  return complete;
}

function present({ out }: Session, { id, phase, command, expect, evidence, ...step }: StepAnswer): void {
  out.note('');
  out.note(`${phase}: ${step.do} (${id})`);
  if (command !== undefined) out.note(command.trimEnd().replaceAll(/^/gm, '  $ '));
  if (expect !== undefined) out.note(`  expected: ${expect.says}`);
  out.note(`  evidence: ${evidence}`);
}

type Env = Record<string, string | undefined>;

async function takeByItself(session: Session, step: StepAnswer, env: Env): Promise<Taken | undefined> {
  if (step.command !== undefined && step.person !== true) return run(session, step, env);
  session.out.note('  only a person can say that this is done: --step records it');
  return undefined;
}

async function takeWith(session: Session, step: StepAnswer, env: Env): Promise<Taken | undefined> {
  const { ask } = session;
  if (ask === undefined)
    throw new UsageError('nobody can be asked here; --yes runs the commands', 'incident checklist');
  const choices =
    step.command === undefined ? '[d]one, [f]ailed, [s]kip, [q]uit' : '[r]un, [d]one, [f]ailed, [s]kip, [q]uit';
  let ran: Taken | undefined;
  for (;;) {
    const answer = (await ask(`${choices}: `)).trim().toLowerCase();
    if (answer === 'r' && step.command !== undefined) {
      const taken = await run(session, step, env);
      if (step.person !== true || taken.outcome === 'failed') return taken;
      ran = taken;
    }
    if (answer === 'd') return { ...ran, outcome: 'done', ...(await note(ask, 'note (may be empty): ')) };
    if (answer === 'f' || answer === 's') {
      const why = await note(ask, 'why: ');
      if (why.note !== undefined) return { outcome: answer === 'f' ? 'failed' : 'skipped', note: why.note };
    }
    if (answer === 'q' || answer === '') return undefined;
  }
}

async function note(ask: (question: string) => Promise<string>, question: string): Promise<{ note?: string }> {
  const text = (await ask(question)).trim();
  return text === '' ? {} : { note: text };
}

async function run({ out, globals }: Session, step: StepAnswer, env: Env): Promise<Taken> {
  const ran = await runCommand({
    command: step.command ?? '',
    env,
    globals,
    print: (text) =>
      text
        .replace(/\n$/, '')
        .split('\n')
        .forEach((line) => out.note(line)),
  });
  if (asExpected(step, ran.exit, ran.output)) return { outcome: 'done', ran };
  out.note(`  not as expected: exit code ${ran.exit}`);
  return { outcome: 'failed', note: `not as expected: exit code ${ran.exit}`, ran };
}

async function record(
  { client }: Session,
  incident: string,
  { name, digest }: ChecklistAnswer,
  { id }: StepAnswer,
  { outcome, note: text, ran }: Taken,
): Promise<void> {
  await client.post(stepPath(incident, name, id), {
    digest,
    outcome,
    ...(text === undefined ? {} : { note: text }),
    ...(ran === undefined ? {} : { exit_code: ran.exit, output_sha256: ran.output_sha256 }),
  });
}

/** The variables of the environment, asked for where they are missing. */
async function variables({ env, ask }: Session, { variables: wanted, name }: ChecklistAnswer): Promise<Env> {
  const found: Env = { ...env };
  for (const { name: variable, about, default: usual } of wanted) {
    if (found[variable] !== undefined && found[variable] !== '') continue;
    const given = usual ?? (await ask?.(`${variable} (${about}): `))?.trim();
    if (given === undefined || given === '')
      throw new UsageError(`${name} needs the variable ${variable}: ${about}`, 'incident checklist');
    found[variable] = given;
  }
  return found;
}
