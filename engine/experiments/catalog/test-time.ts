/** Test-time training: a small set rises and stays, and so does what was not trained on; also with wrong majorities. */
import { FEWEST_VALUES } from '../../analysis/estimates.ts';
import type { Criterion, Experiment, ExperimentContext, ExperimentRun, Findings } from '../experiment.ts';
import { above, accuracyCurve, failureOf, metricCurve, overSeeds, seedCell, smoothed, words } from '../parts/common.ts';
import {
  type Change,
  chosen,
  configOn,
  drawn,
  evaluatedChanges,
  meanChange,
  type ProbedProblem,
  poolOf,
  SORTS,
  type Sort,
  sortOf,
} from '../parts/problems.ts';
import { figure, interval } from '../report/text.ts';

const SMALL = 64;
const WRONG = 32;
const HELD_OUT = 128;
const POOL = HELD_OUT + 512;
const PROBE_VOTES = 32;
/** A fall or a harm counts from this much on: 5 points. */
const MARGIN = 0.05;
/** Steps averaged where a curve is looked at. */
const WINDOW = 10;

const KINDS = { any: 'any problems', wrong: 'wrong majorities' } as const;
type Kind = keyof typeof KINDS;

export interface TestTimeRun {
  kind: Kind;
  seed: number;
  /** What it trained on, as the model saw it before. */
  problems: readonly ProbedProblem[];
  run: ExperimentRun;
}

async function testTimeRuns(context: ExperimentContext): Promise<TestTimeRun[]> {
  const { seeds } = context;
  context.expect(1 + 2 * seeds.length);
  const pool = await poolOf(context, { size: POOL, heldOut: HELD_OUT, votes: PROBE_VOTES });
  const wrong = pool.rest.filter(({ right, answer }) => right === false && answer !== null);
  const sets = { any: { from: pool.rest, count: SMALL }, wrong: { from: wrong, count: WRONG } };
  const kinds = (Object.keys(KINDS) as Kind[]).filter((kind) => sets[kind].from.length > 0);
  return Promise.all(
    kinds.flatMap((kind) =>
      seeds.map(async (seed) => {
        const problems = drawn(seed, sets[kind].from, sets[kind].count);
        const config = configOn(context, { seed }, chosen(pool.dataset, problems), pool.heldOutDataset);
        return { kind, seed, problems, run: await context.run(`${kind}-${seed}`, config) };
      }),
    ),
  );
}

/** Both ends of a curve of training, and its peak, in means over a window. */
function course(run: ExperimentRun, metric: Parameters<typeof metricCurve>[1]) {
  const curve = metricCurve(run, metric);
  const window = Math.max(1, Math.min(WINDOW, Math.floor(curve.length / 4)));
  const means = smoothed(curve, window).slice(window - 1);
  if (means.length === 0) return null;
  const values = means.map(({ value }) => value);
  return { start: values[0]!, peak: Math.max(...values), end: values.at(-1)! };
}
type Course = NonNullable<ReturnType<typeof course>>;

interface Summary {
  kind: Kind;
  runs: readonly TestTimeRun[];
  proxy: Course[];
  truth: Course[];
  accuracy: Change | null;
  label: Change | null;
  /** Share of wrong majorities among the problems trained on, at the probe. */
  wrong: number | null;
}

function summarize(kind: Kind, runs: readonly TestTimeRun[]): Summary {
  const changes = runs.map(({ run }) => evaluatedChanges(run));
  const judged = runs.flatMap(({ problems }) => problems.flatMap(({ right }) => right ?? []));
  return {
    kind,
    runs,
    proxy: runs.flatMap(({ run }) => course(run, (m) => m.proxyReward) ?? []),
    truth: runs.flatMap(({ run }) => course(run, (m) => m.groundTruthReward) ?? []),
    accuracy: meanChange(changes, ({ accuracy }) => accuracy),
    label: meanChange(changes, ({ label }) => label),
    wrong: judged.length === 0 ? null : judged.filter((right) => !right).length / judged.length,
  };
}

/** A change that is over problems enough to decide a criterion; else null. */
export function decisive(change: Change | null): Change | null {
  return change !== null && change.problems >= FEWEST_VALUES ? change : null;
}

/** `0.6 to 0.82: by 0.22 (0.18 to 0.26) over 40 problems, 0.22 (0.19 to 0.25) over seeds`; and where that is too few. */
export function changeWords(change: Change | null): string {
  if (change === null) return 'not measured';
  const { before, after, overProblems, overSeeds: seeds, problems } = change;
  const { mean, low, high } = seeds;
  const bySeed = low === null || high === null ? '' : `, ${interval({ mean, low, high })} over seeds`;
  const few = decisive(change) ? '' : ` (too few to decide; ${FEWEST_VALUES} at least)`;
  return `${figure(before)} to ${figure(after)}: by ${interval(overProblems)} over ${problems} problem${problems === 1 ? '' : 's'}${few}${bySeed}`;
}

const gains = (courses: readonly Course[]) => courses.map(({ start, end }) => end - start);
const lowest = (values: readonly number[]) => (values.length === 0 ? null : Math.min(...values));
const ends = (courses: readonly Course[]) =>
  `${words(courses.map(({ start }) => start))} to ${words(courses.map(({ end }) => end))}`;

export function findings(runs: readonly TestTimeRun[], { sorts = false } = {}): Findings {
  const summaries = (Object.keys(KINDS) as Kind[]).flatMap((kind) => {
    const own = runs.filter((run) => run.kind === kind);
    return own.length > 0 ? [summarize(kind, own)] : [];
  });
  const any = summaries.find(({ kind }) => kind === 'any');
  const wrong = summaries.find(({ kind }) => kind === 'wrong');
  return {
    criteria: [...smallCriteria(any), ...wrongCriteria(wrong)],
    remarks: [
      ...summaries.map(
        ({ kind, runs: own, wrong: share, label }) =>
          `Trained on ${KINDS[kind]}: ${own[0]!.problems.length} a seed, of whose majorities a share of ${figure(share)} was wrong at the probe. Label accuracy of the held-out problems: ${changeWords(label)}.`,
      ),
      ...(wrong && wrong.truth.length > 0
        ? [`On the problems with wrong majorities themselves the true reward went from ${ends(wrong.truth)}.`]
        : []),
      ...(sorts ? summaries.map(sortRemark) : []),
      ...(wrong ? [] : ['No problem of the pool is known to have a wrong majority: that part was not measured.']),
    ],
    sections: [
      {
        kind: 'plots',
        title: 'Curves',
        note: `Rewards of the problems that train, over ${WINDOW} steps; accuracy of the held-out ones at the evaluations. Bands: 95% over seeds.`,
        plots: summaries.map(({ kind, runs: own }) => ({
          kind: 'lines' as const,
          title: KINDS[kind],
          x: 'step',
          y: 'share',
          yRange: [0, 1] as const,
          series: [
            overSeeds(
              'accuracy, held-out',
              own.map(({ run }) => accuracyCurve(run)),
            ),
            overSeeds(
              'majority reward, training',
              own.map(({ run }) =>
                smoothed(
                  metricCurve(run, (m) => m.proxyReward),
                  WINDOW,
                ),
              ),
              true,
            ),
            overSeeds(
              'true reward, training',
              own.map(({ run }) =>
                smoothed(
                  metricCurve(run, (m) => m.groundTruthReward),
                  WINDOW,
                ),
              ),
            ),
          ],
        })),
      },
      {
        kind: 'table',
        title: 'Numbers',
        note: 'Change of accuracy: 95% by bootstrap over problems, each with its mean over seeds.',
        columns: [
          'trained on',
          'majority reward, start',
          'end',
          'true reward, start',
          'peak',
          'end',
          'held-out, before',
          'after',
          'change',
          'KL, end',
          'ended',
        ],
        rows: summaries.map(({ kind, runs: own, proxy, truth, accuracy }) => [
          KINDS[kind],
          seedCell(proxy.map(({ start }) => start)),
          seedCell(proxy.map(({ end }) => end)),
          seedCell(truth.map(({ start }) => start)),
          seedCell(truth.map(({ peak }) => peak)),
          seedCell(truth.map(({ end }) => end)),
          accuracy?.before ?? null,
          accuracy?.after ?? null,
          accuracy?.overProblems ?? null,
          seedCell(own.map(({ run }) => course(run, (m) => m.kl)?.end ?? null)),
          [...new Set(own.flatMap(({ run }) => failureOf(run)?.mode ?? []))].join(', '),
        ]),
      },
      ...(sorts
        ? [
            {
              kind: 'table' as const,
              title: 'Held-out problems by sort',
              columns: ['trained on', 'held-out', 'problems', 'before', 'after', 'change'],
              rows: summaries.flatMap(({ kind, runs: own }) =>
                bySort(own).map(([sort, change]) => [
                  KINDS[kind],
                  sort,
                  change.problems,
                  change.before,
                  change.after,
                  change.overProblems,
                ]),
              ),
            },
          ]
        : []),
    ],
  };
}

function smallCriteria(any: Summary | undefined): Criterion[] {
  const { proxy = [], truth = [], accuracy = null } = any ?? {};
  const drops = truth.map(({ peak, end }) => peak - end);
  const held = decisive(accuracy);
  return [
    above(
      'On a small set the majority reward rises, in every seed.',
      lowest(gains(proxy)),
      0,
      proxy.length === 0 ? 'not measured' : ends(proxy),
    ),
    above(
      'The true reward of its problems rises with it, in every seed.',
      lowest(gains(truth)),
      0,
      truth.length === 0 ? 'not measured' : ends(truth),
    ),
    {
      expected: `It stays: at the end the true reward is less than ${MARGIN * 100} points below its peak, in every seed.`,
      measured: drops.length === 0 ? 'not measured' : `${words(drops)} below the peak`,
      met: drops.length === 0 ? null : drops.every((drop) => drop < MARGIN),
    },
    above(
      'Problems that never train improve too: the intervals of the change of accuracy, over problems and over seeds, lie above 0.',
      held && Math.min(held.overProblems.low, held.overSeeds.low ?? held.overProblems.low),
      0,
      changeWords(accuracy),
    ),
  ];
}

function wrongCriteria(wrong: Summary | undefined): Criterion[] {
  const { proxy = [], accuracy = null } = wrong ?? {};
  const held = decisive(accuracy);
  return [
    above(
      `Training on problems whose majorities are wrong does the others no harm: the interval of the change of accuracy lies above -${MARGIN * 100} points.`,
      held?.overProblems.low ?? null,
      -MARGIN,
      changeWords(accuracy),
    ),
    above(
      'The others even improve, on average (from 0.330 to 0.375 in the paper).',
      held?.overProblems.mean ?? null,
      0,
      changeWords(accuracy),
    ),
    above(
      'The majority reward rises there as well, in every seed.',
      lowest(gains(proxy)),
      0,
      proxy.length === 0 ? 'not measured' : ends(proxy),
    ),
  ];
}

/** Changes of each sort of held-out problems. */
function bySort(runs: readonly TestTimeRun[]): [Sort, Change][] {
  return SORTS.flatMap((sort) => {
    const changes = runs.map(({ run }) => evaluatedChanges(run).filter(({ prompt }) => sortOf(prompt) === sort));
    const change = meanChange(changes, ({ accuracy }) => accuracy);
    return change ? [[sort, change] as [Sort, Change]] : [];
  });
}

function sortRemark({ kind, runs }: Summary): string {
  const trained = runs.flatMap(({ problems }) => problems);
  const differences = trained.filter(({ prompt }) => sortOf(prompt) === 'differences').length / trained.length;
  const parts = bySort(runs).map(([sort, change]) => `${sort} ${changeWords(change)}`);
  return `Trained on ${KINDS[kind]}, of which a share of ${figure(differences)} were differences: accuracy of held-out ${parts.join('; ')}.`;
}

export const testTime: Experiment = {
  name: 'test-time',
  title: 'Test-time training',
  question: 'Does training on a small set without labels lift the model for good, even where the majorities are wrong?',
  finding:
    'Section 5, finding 6: on AMC23 (40 problems) both rewards rise and stay, and AIME24 improves too. Even 32 problems whose majorities are almost all wrong did no harm (AMC23 from 0.330 to 0.375).',
  method: `A probe looks at a pool of problems. ${SMALL} of them train with the majority vote; in other runs ${WRONG} whose majority the probe found to be wrong (labels choose the problems, and never train). Each seed draws other problems. Accuracy is measured on ${HELD_OUT} problems that never train.`,
  defaults: {
    model: 'embedded',
    steps: 150,
    evaluation: { every: 25, samples: 4, greedy: false },
    checkpoint: { every: 50 },
  },
  seeds: 3,
  minutes: 5,
  async run(context) {
    return findings(await testTimeRuns(context), { sorts: context.embedded });
  },
};
