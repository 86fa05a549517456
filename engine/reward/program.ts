/** The program in a response is run against the problem's tests. See `checks.ts`. */
import { RollscopeError } from '../protocol/errors.ts';
import { nestsDeeper } from '../protocol/nesting.ts';
import { choice, integer, number, section, text, type ValuesOf } from '../protocol/settings/kit.ts';
import { CHECK_DESCRIPTION, CHECKS, fromChecks, splitByGroup } from './checks.ts';
import type { EvidenceContext, EvidenceGroup } from './evidence.ts';
import { labelFree } from './types.ts';

const OPTIONS = section('Programs', {
  language: choice(
    { python: 'Python 3', javascript: 'JavaScript (Node)' },
    {
      title: 'Language',
      help: 'python or javascript',
      placeholder: 'name',
      flag: '--program-language',
      default: 'python',
    },
  ),
  tests: text({
    title: 'Tests column',
    help: 'column with the tests: code that raises an exception when the program is wrong, or a list of code snippets',
    placeholder: 'name',
    flag: '--tests-field',
    default: 'tests',
  }),
  seconds: number({
    title: 'Time limit',
    help: 'time limit per program',
    unit: 'seconds',
    example: '5',
    placeholder: 's',
    flag: '--program-seconds',
    above: 0,
    max: 600,
    default: 5,
  }),
  megabytes: integer({
    title: 'Memory limit',
    help: 'memory limit per program',
    unit: 'MB',
    example: '512',
    placeholder: 'n',
    flag: '--program-megabytes',
    min: 16,
    max: 65_536,
    default: 512,
  }),
  outputKilobytes: integer({
    title: 'Output limit',
    help: 'output limit per program',
    unit: 'KB',
    example: '64',
    placeholder: 'n',
    flag: '--program-output-kilobytes',
    min: 1,
    max: 65_536,
    default: 64,
  }),
});

async function gather(
  groups: readonly EvidenceGroup[],
  { options, programs }: EvidenceContext<ValuesOf<typeof OPTIONS.fields>>,
) {
  const items = groups.flatMap(({ problem, rollouts }) => {
    const tests = testsIn(problem.columns?.[options.tests], options.tests, problem.text);
    return rollouts.map((rollout) => ({ response: rollout.text, tests }));
  });
  return splitByGroup(groups, await programs.checkPrograms(options, items));
}

/**
 * The tests in a cell of the data: a text, or a list of texts (also written as JSON).
 * @throws RollscopeError `dataset`, which names the problem and the column
 */
export function testsIn(value: unknown, column: string, prompt: string): string[] {
  const list = listIn(value);
  if (list && list.length > 0 && list.every((test) => typeof test === 'string' && test.trim() !== '')) return list;
  throw new RollscopeError(
    'dataset',
    `The problem "${prompt.slice(0, 80)}" has no tests in the column "${column}".`,
    'Write code that throws when the program is wrong, such as "assert add(1, 2) == 3", or a list of such snippets.',
    { details: { reason: 'bad-column', field: column, problem: prompt } },
  );
}

/** Lists within each other of what may be a list of tests. */
const MAX_NESTING = 64;

function listIn(value: unknown): string[] | null {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'string') return null;
  if (/^\s*\[\s*"/.test(value) && !nestsDeeper(value, MAX_NESTING)) {
    try {
      const parsed: unknown = JSON.parse(value);
      if (Array.isArray(parsed)) return parsed;
    } catch {
      // code that begins with a list
    }
  }
  return [value];
}

export const program = labelFree({
  ...CHECK_DESCRIPTION,
  name: 'program',
  title: 'Program verification',
  summary:
    'Whether the program that the model wrote passes its tests. Needs a column with tests, and runs programs: in trusted workspaces only.',
  scale: 'correctness',
  formula: "share of the problem's tests that the program in the response passes",
  range: [0, 1],
  source: 'Absolute Zero, arXiv 2505.03335',
  setup:
    'Tests come from a column of the data (`tests`). Programs of the model run on this machine, each in a process of its own with limits on time, memory and output: in trusted workspaces only. What decides is guarded against shortcuts (a replaced assert or built-in, an early exit), but a program that searches its own process can still cheat.',
  options: OPTIONS,
  columns: ({ tests }) => ({ required: [tests] }),
  evidence: {
    shape: CHECKS,
    gather,
    require: ({ language }, programs) => programs.requireInterpreter(language),
  },
  compute: fromChecks(),
});
