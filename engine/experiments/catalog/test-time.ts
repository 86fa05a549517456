/** Test-time training: accuracy on a small set rises and stays high, as on held-out problems, even with wrong majorities. */
import { figure } from '../../protocol/format.ts';
import type { Criterion, Experiment, ExperimentContext, Findings } from '../experiment.ts';
import { decisive, pairedChangeText, sortTable } from '../parts/changes.ts';
import { aboveCriterion, NOT_MEASURED } from '../parts/criteria.ts';
import { sampledEvery } from '../parts/runs.ts';
import { seedText } from '../parts/seeds.ts';
import { configFor, onlyProblems, poolOf, randomSample } from '../parts/sets.ts';
import { sortOf } from '../parts/sorts.ts';
import {
  accuracyBySort,
  KINDS,
  summarize,
  type TestTimeCourse,
  type TestTimeKind,
  type TestTimeRun,
  type TestTimeSummary,
} from './test-time/measures.ts';
import { curves, numbers } from './test-time/report.ts';

const SMALL_SET_SIZE = 64;
const WRONG_SET_SIZE = 32;
const HELD_OUT = 128;
const POOL = HELD_OUT + 512;
const PROBE_VOTES = 32;
/** Smallest fall or harm that counts: 5 points. */
const MARGIN = 0.05;

async function testTimeRuns(context: ExperimentContext): Promise<TestTimeRun[]> {
  const { seeds } = context;
  context.expect(1 + 2 * seeds.length);
  const pool = await poolOf(context, { size: POOL, heldOut: HELD_OUT, votes: PROBE_VOTES });
  const wrong = pool.rest.filter(({ right, answer }) => right === false && answer !== null);
  const sets = { any: { from: pool.rest, count: SMALL_SET_SIZE }, wrong: { from: wrong, count: WRONG_SET_SIZE } };
  const kinds = (Object.keys(KINDS) as TestTimeKind[]).filter((kind) => sets[kind].from.length > 0);
  return Promise.all(
    kinds.flatMap((kind) =>
      seeds.map(async (seed) => {
        const problems = randomSample(seed, sets[kind].from, sets[kind].count);
        const config = configFor(context, { seed }, onlyProblems(pool.dataset, problems), pool.heldOutDataset);
        return { kind, seed, problems, run: await context.run(`${kind}-${seed}`, config) };
      }),
    ),
  );
}

const gains = (courses: readonly TestTimeCourse[]) => courses.map(({ start, end }) => end - start);
const minimum = (values: readonly number[]) => (values.length === 0 ? null : Math.min(...values));
const ends = (courses: readonly TestTimeCourse[]) =>
  `${seedText(courses.map(({ start }) => start))} to ${seedText(courses.map(({ end }) => end))}`;

/**
 * Changes of accuracy on a small training set and on held-out problems.
 * @param sorts the problems have sorts that generalize differently
 */
export function findings(runs: readonly TestTimeRun[], { sorts = false } = {}): Findings {
  const summaries = (Object.keys(KINDS) as TestTimeKind[]).flatMap((kind) => {
    const own = runs.filter((run) => run.kind === kind);
    return own.length > 0 ? [summarize(kind, own)] : [];
  });
  const any = summaries.find(({ kind }) => kind === 'any');
  const wrong = summaries.find(({ kind }) => kind === 'wrong');
  return {
    criteria: [...smallCriteria(any), ...wrongCriteria(wrong)],
    remarks: [
      ...summaries.map(setRemark),
      ...(wrong && wrong.correct.length > 0
        ? [`On the problems with wrong majorities themselves, the true reward went from ${ends(wrong.correct)}.`]
        : []),
      ...(sorts ? summaries.map(sortRemark) : []),
      ...(wrong ? [] : ['No problem of the pool has a known wrong majority: that part was not measured.']),
    ],
    sections: [
      curves(summaries),
      numbers(summaries),
      ...(sorts
        ? [
            sortTable(
              'Held-out problems by kind',
              summaries.map(({ kind, changes }) => ({ name: KINDS[kind], changes: accuracyBySort(changes) })),
            ),
          ]
        : []),
    ],
  };
}

function setRemark({ kind, runs, wrong, label }: TestTimeSummary): string {
  return `Trained on ${KINDS[kind]}: ${runs[0]!.problems.length} per seed, with wrong majorities in the probe for a share of ${figure(wrong)}. Label accuracy of the held-out problems: ${pairedChangeText(label)}.`;
}

function smallCriteria(any: TestTimeSummary | undefined): Criterion[] {
  const { proxy = [], correct = [], accuracy = null } = any ?? {};
  const drops = correct.map(({ peak, end }) => peak - end);
  const held = decisive(accuracy);
  return [
    aboveCriterion(
      'On a small set the majority reward rises, in every seed.',
      minimum(gains(proxy)),
      0,
      proxy.length === 0 ? NOT_MEASURED : ends(proxy),
    ),
    aboveCriterion(
      'The true reward on its problems rises too, in every seed.',
      minimum(gains(correct)),
      0,
      correct.length === 0 ? NOT_MEASURED : ends(correct),
    ),
    {
      expected: `It stays high: the true reward ends less than ${MARGIN * 100} points below its peak, in every seed.`,
      measured: drops.length === 0 ? NOT_MEASURED : `${seedText(drops)} below the peak`,
      met: drops.length === 0 ? null : drops.every((drop) => drop < MARGIN),
    },
    aboveCriterion(
      'Held-out problems improve too: the intervals of the change of accuracy, over problems and over seeds, are above 0.',
      held && Math.min(held.overProblems.low, held.overSeeds.low ?? held.overProblems.low),
      0,
      pairedChangeText(accuracy),
    ),
  ];
}

function wrongCriteria(wrong: TestTimeSummary | undefined): Criterion[] {
  const { proxy = [], accuracy = null } = wrong ?? {};
  const held = decisive(accuracy);
  return [
    aboveCriterion(
      `Training on problems with wrong majorities does not harm held-out problems: the interval of the change of accuracy is above -${MARGIN * 100} points.`,
      held?.overProblems.low ?? null,
      -MARGIN,
      pairedChangeText(accuracy),
    ),
    aboveCriterion(
      'Held-out problems even improve on average (in the paper: from 0.330 to 0.375).',
      held?.overProblems.mean ?? null,
      0,
      pairedChangeText(accuracy),
    ),
    aboveCriterion(
      'The majority reward rises there too, in every seed.',
      minimum(gains(proxy)),
      0,
      proxy.length === 0 ? NOT_MEASURED : ends(proxy),
    ),
  ];
}

function sortRemark({ kind, runs, changes }: TestTimeSummary): string {
  const trained = runs.flatMap(({ problems }) => problems);
  const differences = trained.filter(({ text }) => sortOf(text) === 'differences').length / trained.length;
  const parts = accuracyBySort(changes).map(([sort, change]) => `${sort} ${pairedChangeText(change)}`);
  return `Trained on ${KINDS[kind]}, with a share of ${figure(differences)} differences: accuracy of held-out ${parts.join('; ')}.`;
}

export const testTime: Experiment = {
  name: 'test-time',
  title: 'Test-time training',
  question: 'Does label-free training on a small set give a lasting improvement, even if the majorities are wrong?',
  finding:
    'Section 5, finding 6: on AMC23 (40 problems) both rewards rise and stay high, and AIME24 improves too. Even 32 problems with almost all majorities wrong did no harm (AMC23 from 0.330 to 0.375).',
  method: `A probe samples a pool of problems. The model trains on ${SMALL_SET_SIZE} of them by majority voting; in other runs, on ${WRONG_SET_SIZE} whose majority is wrong in the probe (labels are used to choose the problems, never for training). Each seed draws other problems. Accuracy is measured on ${HELD_OUT} held-out problems.`,
  defaults: {
    model: 'embedded',
    steps: 150,
    evaluation: sampledEvery(25),
    checkpoint: { every: 50 },
  },
  seeds: 3,
  minutes: 5,
  async run(context) {
    return findings(await testTimeRuns(context), { sorts: context.embedded });
  },
};
