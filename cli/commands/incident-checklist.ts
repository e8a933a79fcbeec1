import { OUTCOMES } from '../../domain/checklist/checklist.ts';
import { checklistDigest } from '../../domain/checklist/digest.ts';
import { checklistsPath, stepPath } from '../checklist/answers.ts';
import type { ChecklistAnswer, StepAnswer } from '../checklist/answers.ts';
import { walk } from '../checklist/walk.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { Column } from '../output/table.ts';
import { sharedSha256 } from '../sha256.ts';

const NAME = 'incident checklist';

export const command = defineCommand({
  name: NAME,
  about: 'Walk the checklist of a scenario, and record each step with who took it',
  notes:
    "Without a name it lists the checklists; with one it shows the steps. --run goes through what is left, asking before each; with\n--yes it runs the commands by itself and leaves open what only a person can do: commands of the server's, so that --digest has to\nname the checklist that was reviewed, as it is printed with the steps. --step records one step that was taken\notherwise. Exit code 0 when nothing is left, 3 when something is, 1 when a step failed.\nVariables of a checklist are taken from the environment.",
  operands: {
    id: { about: 'the id of the incident, INC-…' },
    checklist: { about: 'the name of the checklist', optional: true },
  },
  flags: {
    run: { kind: 'boolean', about: 'go through what is left' },
    yes: { kind: 'boolean', about: 'with --run: do not ask' },
    digest: { kind: 'text', value: 'sha256:…', about: 'with --run --yes: the checklist that was reviewed' },
    step: { kind: 'text', value: 'STEP', about: 'record this step' },
    outcome: { kind: 'text', values: OUTCOMES, about: 'with --step: what became of it' },
    note: { kind: 'text', about: 'with --step: required unless it is done' },
  },
  run: async ({ operands: { id, checklist: name }, flags }, session) => {
    const { client, out } = session;
    const read = async () => (await client.get<ChecklistAnswer[]>(checklistsPath(id))).body;
    const all = await read();
    if (name === undefined) {
      if (flags.run || flags.step !== undefined) throw new UsageError('CHECKLIST is missing', NAME);
      out.answer(all, () => out.table(all, CHECKLISTS, 'there is no checklist'));
      return EXIT.done;
    }
    const find = (list: ChecklistAnswer[]): ChecklistAnswer => {
      const found = list.find((c) => c.name === name);
      if (found === undefined) throw new UsageError(`there is no checklist '${name}'`, NAME);
      return found;
    };
    const checklist = find(all);
    if (flags.step !== undefined) {
      if (flags.outcome === undefined) throw new UsageError('--outcome is missing', NAME);
      const { digest } = checklist;
      const note = flags.note === undefined ? {} : { note: flags.note };
      await client.post(stepPath(id, name, flags.step), { digest, outcome: flags.outcome, ...note });
    } else if (flags.run) {
      requireReviewed(checklist, flags);
      await walk(session, { incident: id, checklist, yes: flags.yes });
    }
    const after = find(flags.run || flags.step !== undefined ? await read() : all);
    out.note(`digest: ${reviewedAs(after)}`);
    out.answer(after, () => out.table(after.steps, STEPS, 'no steps'));
    return exitOf(after);
  },
});

/** What these steps are reviewed as: computed here, for a server could call other commands by the same digest. */
const reviewedAs = (checklist: ChecklistAnswer): string => `sha256:${checklistDigest(checklist, sharedSha256)}`;

function requireReviewed(
  checklist: ChecklistAnswer,
  { yes, digest }: { yes: boolean; digest: string | undefined },
): void {
  const present = reviewedAs(checklist);
  if (present !== `sha256:${checklist.digest}`)
    throw new UsageError('the server gives another digest than its steps have', NAME);
  if (digest !== undefined && digest !== present)
    throw new UsageError(`the checklist is ${present}, and not the one that was reviewed`, NAME);
  if (yes && digest === undefined)
    throw new UsageError(`--digest is missing: review the steps, then say --digest ${present}`, NAME);
}

function exitOf({ state, steps }: ChecklistAnswer): ExitCode {
  if (steps.some((step) => step.taken?.outcome === 'failed')) return EXIT.no;
  return state === 'done' ? EXIT.done : EXIT.pending;
}

const CHECKLISTS: readonly Column<ChecklistAnswer>[] = [
  { head: 'CHECKLIST', cell: (c) => c.name },
  { head: 'STATE', cell: (c) => c.state },
  { head: 'STEPS', cell: (c) => `${c.taken}/${c.steps.length}` },
  { head: 'ABOUT', cell: (c) => c.title },
];

const STEPS: readonly Column<StepAnswer>[] = [
  { head: 'STEP', cell: (s) => s.id },
  { head: 'PHASE', cell: (s) => s.phase },
  { head: 'OUTCOME', cell: (s) => s.taken?.outcome ?? 'open' },
  { head: 'BY', cell: (s) => s.taken?.by },
  { head: 'AT', cell: (s) => s.taken?.at },
  { head: 'DO', cell: (s) => s.do },
];
