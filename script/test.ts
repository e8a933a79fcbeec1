import { relative } from 'node:path';
import { createVitest, type TestModule, type TestSpecification, type Vitest } from 'vitest/node';

type Counts = { passed: number; failed: number };

/** A word that occurs in a test file's path selects files; any other selects tests, in all files, by their names. */
async function select(vitest: Vitest, words: readonly string[]): Promise<TestSpecification[]> {
  const all = await vitest.globTestSpecifications();
  const pathOf = (file: TestSpecification) => relative(vitest.config.root, file.moduleId);
  const chosen = (file: TestSpecification, among: readonly string[]) =>
    among.some((word) => pathOf(file).includes(word));
  const names = words.filter((word) => !all.some((file) => chosen(file, [word])));
  const files = words.filter((word) => !names.includes(word));
  if (words.length === 0) return all;
  const testNamePattern = new RegExp(names.map(literal).join('|'), 'i');
  return all.flatMap((file) => {
    if (chosen(file, files)) return [file];
    return names.length === 0 ? [] : [file.project.createSpecification(file.moduleId, { testNamePattern })];
  });
}

function literal(word: string): string {
  return word.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
}

/** A file that cannot be loaded, or whose hooks fail, counts as failed even where none of its tests did. */
function count(module: TestModule): Counts {
  const counts: Counts = { passed: 0, failed: 0 };
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed' || state === 'failed') counts[state] += 1;
  }
  if (module.state() === 'failed' && counts.failed === 0) counts.failed = 1;
  return counts;
}

const vitest = await createVitest('test', { watch: false, run: true });
await vitest.standalone();
const { testModules, unhandledErrors } = await vitest.runTestSpecifications(
  await select(vitest, process.argv.slice(2)),
);
const counts = testModules.map(count);
const passed = counts.reduce((sum, each) => sum + each.passed, 0);
const failed = counts.reduce((sum, each) => sum + each.failed, 0);
await vitest.close();
if (passed + failed === 0) process.stdout.write('no test matched\n');
process.stdout.write(`${passed} passed, ${failed} failed\n`);
// Not by exit code 0 of Vitest: it calls a run without a single test a success once every file loaded.
process.exit(passed > 0 && failed === 0 && unhandledErrors.length === 0 ? 0 : 1);
