/** Generalization: what a few problems with wrong majorities teach about problems that never train. */
import { wilson } from '../../analysis/estimates.ts';
import type { Estimate } from '../../protocol/index.ts';
import type { Family } from '../embedded/chains.ts';
import type { Criterion, Experiment, ExperimentContext, ExperimentRun, Findings } from '../experiment.ts';
import { above, meanOf, metricCurve, overSeeds, smoothed } from '../parts/common.ts';
import {
  type Change,
  chosen,
  configOn,
  drawn,
  evaluatedChanges,
  followsWrongRule,
  meanChange,
  type ProbedProblem,
  type ProblemChange,
  poolOf,
  SORTS,
  type Sort,
  sortOf,
} from '../parts/problems.ts';
import { figure, interval } from '../report/text.ts';
import { changeWords, decisive } from './test-time.ts';

/** Sizes of the sets that train; the paper's is the first. */
const SIZES = [6, 16] as const;
const HELD_OUT = 128;
const POOL = HELD_OUT + 256;
/** Long sums first: of the short ones the model has few wrong majorities. */
const FAMILIES: readonly Family[] = ['H', 'M', 'H', 'E'];
const PROBE_VOTES = 32;
const WINDOW = 5;
/** Problems that the paper saw go from wrong to right. */
const PAPER_TURNED = 2;

/** What trains: wrong majorities of one sort of problems (null: of any), or right ones, the control. */
export interface TrainedSet {
  majorities: 'wrong' | 'right';
  sort: Sort | null;
  size: number;
}

export interface GeneralizationRun {
  set: TrainedSet;
  seed: number;
  /** What it trained on, as the model saw it before. */
  problems: readonly ProbedProblem[];
  run: ExperimentRun;
}

async function generalizationRuns(
  context: ExperimentContext,
): Promise<{ runs: GeneralizationRun[]; heldOut: ProbedProblem[] }> {
  const { seeds, embedded } = context;
  context.expect(1 + 2 * SIZES.length * seeds.length);
  const pool = await poolOf(context, { size: POOL, heldOut: HELD_OUT, votes: PROBE_VOTES, families: FAMILIES });
  const voted = pool.rest.filter(({ answer }) => answer !== null);
  const sets = setsOf(voted, embedded);
  context.expect(1 + sets.length * seeds.length);
  const runs = await Promise.all(
    sets.flatMap((set) =>
      seeds.map(async (seed) => {
        const problems = drawn(seed, membersOf(set, voted), set.size);
        const config = configOn(context, { seed }, chosen(pool.dataset, problems), pool.heldOutDataset);
        const name = [set.majorities, ...(set.sort?.split(' ') ?? []), set.size, seed].join('-');
        return { set, seed, problems, run: await context.run(name, config) };
      }),
    ),
  );
  return { runs, heldOut: pool.heldOut };
}

/** The sets for which there are problems enough. */
function setsOf(problems: readonly ProbedProblem[], embedded: boolean): TrainedSet[] {
  const wrong: TrainedSet[] = (embedded ? SORTS : [null]).flatMap((sort) =>
    SIZES.map((size) => ({ majorities: 'wrong' as const, sort, size })),
  );
  const right: TrainedSet[] = SIZES.map((size) => ({ majorities: 'right', sort: null, size }));
  return [...wrong, ...right].filter((set) => membersOf(set, problems).length >= set.size);
}

function membersOf({ majorities, sort }: TrainedSet, problems: readonly ProbedProblem[]): ProbedProblem[] {
  return problems.filter(
    ({ right, prompt }) => right === (majorities === 'right') && (sort === null || sortOf(prompt) === sort),
  );
}

/** Held-out problems that a seed turned from wrong to right, and the other way. */
interface Turned {
  up: number;
  down: number;
  wrongBefore: number;
}

interface Summary {
  set: TrainedSet;
  runs: readonly GeneralizationRun[];
  /** Label accuracy of all held-out problems; and of those like the set: of its sort, and as wrong at the probe. */
  all: Change | null;
  alike: Change | null;
  accuracy: Change | null;
  turned: Turned[];
  changes: ProblemChange[][];
}

function summarize(runs: readonly GeneralizationRun[], heldOut: readonly ProbedProblem[]): Summary {
  const [{ set }] = runs as [GeneralizationRun];
  const alike = new Set(membersOf({ ...set, majorities: 'wrong' }, heldOut).map(({ id }) => id));
  const changes = runs.map(({ run }) => evaluatedChanges(run));
  const likeIt = changes.map((seed) => seed.filter(({ id }) => alike.has(id)));
  return {
    set,
    runs,
    changes,
    all: meanChange(changes, ({ label }) => label),
    alike: meanChange(likeIt, ({ label }) => label),
    accuracy: meanChange(changes, ({ accuracy }) => accuracy),
    turned: changes.map((seed) => ({
      up: seed.filter(({ label }) => !label.before && label.after).length,
      down: seed.filter(({ label }) => label.before && !label.after).length,
      wrongBefore: seed.filter(({ label }) => !label.before).length,
    })),
  };
}

/** `6 long sums, wrong`. */
function nameOf({ majorities, sort, size }: TrainedSet): string {
  return `${size} ${sort ?? 'problems'}, ${majorities}`;
}

export function findings(
  runs: readonly GeneralizationRun[],
  heldOut: readonly ProbedProblem[],
  { sorts = false } = {},
): Findings {
  const names = [...new Set(runs.map(({ set }) => nameOf(set)))];
  const summaries = names.map((name) =>
    summarize(
      runs.filter(({ set }) => nameOf(set) === name),
      heldOut,
    ),
  );
  const wrong = summaries.filter(({ set }) => set.majorities === 'wrong');
  return {
    criteria: wrong.length > 0 ? wrong.flatMap(criteriaOf) : SIZES.flatMap((size) => unmeasured(size)),
    remarks: [
      ...wrong.map(trainedRemark),
      ...summaries.filter(({ set }) => set.majorities === 'right').map(controlRemark),
      ...(sorts ? wrong.map(sortRemark) : []),
      ...(wrong.length === 0
        ? [
            `The pool has fewer than ${SIZES[0]} problems that are known to have a wrong majority: nothing was measured.`,
          ]
        : []),
    ],
    sections: [
      {
        kind: 'plots',
        title: 'Held-out problems',
        note: 'Change of label accuracy (share of problems whose majority is right): of all held-out problems, and of those of the same sort as the set whose majority was wrong at the probe. Whiskers: 95% by bootstrap over problems.',
        plots: SIZES.flatMap((size) => {
          const own = summaries.filter(({ set }) => set.size === size);
          const plot = (title: string, of: (summary: Summary) => Change | null) => ({
            kind: 'bars' as const,
            title,
            y: 'change of label accuracy',
            bars: own.flatMap((s) => bar(nameOf(s.set), of(s))),
          });
          if (own.length === 0) return [];
          return [
            plot(`Trained on ${size}: all held-out problems`, ({ all }) => all),
            plot(`Trained on ${size}: same sort, wrong at the probe`, ({ alike }) => alike),
          ];
        }),
      },
      {
        kind: 'plots',
        title: 'Problems that train',
        note: `Over ${WINDOW} steps. Bands: 95% over seeds.`,
        plots: summaries.map((s) => ({
          kind: 'lines' as const,
          title: nameOf(s.set),
          x: 'step',
          y: 'share',
          yRange: [0, 1] as const,
          series: [
            overSeeds(
              'true reward',
              s.runs.map(({ run }) =>
                smoothed(
                  metricCurve(run, (m) => m.groundTruthReward),
                  WINDOW,
                ),
              ),
            ),
            overSeeds(
              'majority reward',
              s.runs.map(({ run }) =>
                smoothed(
                  metricCurve(run, (m) => m.proxyReward),
                  WINDOW,
                ),
              ),
              true,
            ),
          ],
        })),
      },
      {
        kind: 'table',
        title: 'Numbers',
        note: 'Of the held-out problems. Changes: 95% by bootstrap over problems, each with its mean over seeds. Turned: mean number of problems in a seed.',
        columns: [
          'trained on',
          'accuracy, before',
          'after',
          'label accuracy, before',
          'after',
          'change',
          'change, same sort and wrong',
          'turned right',
          'turned wrong',
        ],
        rows: summaries.map((s) => [
          nameOf(s.set),
          s.accuracy?.before ?? null,
          s.accuracy?.after ?? null,
          s.all?.before ?? null,
          s.all?.after ?? null,
          s.all?.overProblems ?? null,
          s.alike?.overProblems ?? null,
          meanOf(s.turned.map(({ up }) => up)),
          meanOf(s.turned.map(({ down }) => down)),
        ]),
      },
      ...(sorts
        ? [
            {
              kind: 'table' as const,
              title: 'Label accuracy of held-out problems by sort',
              columns: ['trained on', 'held-out', 'problems', 'before', 'after', 'change'],
              rows: summaries.flatMap((s) =>
                bySort(s).map(([sort, { problems, before, after, overProblems }]) => [
                  nameOf(s.set),
                  sort,
                  problems,
                  before,
                  after,
                  overProblems,
                ]),
              ),
            },
          ]
        : []),
    ],
  };
}

function criteriaOf({ set, alike, turned }: Summary): Criterion[] {
  const on = `Trained on ${set.size} ${set.sort ?? 'problems'} with wrong majorities`;
  return [
    above(
      `${on}, label accuracy rises on unseen ${set.sort ?? 'problems'} whose majority was wrong: the interval of the change lies above 0.`,
      decisive(alike)?.overProblems.low ?? null,
      0,
      changeWords(alike),
    ),
    {
      expected: `${on}, at least ${PAPER_TURNED} unseen problems turn right in every seed, and more than turn wrong.`,
      measured: turned.map(({ up, down }) => `${up} right, ${down} wrong`).join('; ') || 'not measured',
      met: turned.length === 0 ? null : turned.every(({ up, down }) => up >= PAPER_TURNED && up > down),
    },
  ];
}

function unmeasured(size: number): Criterion {
  return {
    expected: `Trained on ${size} problems with wrong majorities, label accuracy rises on unseen problems.`,
    measured: 'not measured',
    met: null,
  };
}

/** What became of the trained problems themselves, and of the unseen wrong ones of any sort. */
function trainedRemark({ set, runs, turned }: Summary): string {
  const curves = runs.map(({ run }) => metricCurve(run, (m) => m.labelAccuracy));
  const start = meanOf(curves.map((curve) => curve[0]?.value ?? null));
  const end = meanOf(curves.map((curve) => smoothed(curve, WINDOW).at(-1)?.value ?? null));
  const [up, before] = [meanOf(turned.map((t) => t.up)), meanOf(turned.map((t) => t.wrongBefore))];
  const part: Estimate | null = up === null || before === null ? null : wilson(up, before);
  const right = meanOf(runs.flatMap(({ problems }) => problems.map(({ accuracy }) => accuracy)));
  return `Trained on ${nameOf(set)}: ${figure(right)} of the probe's rollouts of the problems that trained were right; their label accuracy went from ${figure(start)} to ${figure(end)}.${
    part
      ? ` Of ${figure(before)} unseen problems with a wrong majority at the first evaluation, ${interval(part)} turned right.`
      : ''
  }`;
}

/** So that a rise which any training brings is not taken for generalization from wrong answers. */
function controlRemark({ set, all, alike }: Summary): string {
  return `The control, ${nameOf(set)}: label accuracy of all unseen problems ${changeWords(all)}; of those that were wrong at the probe ${changeWords(alike)}.`;
}

function bySort({ changes }: Summary): [Sort, Change][] {
  return SORTS.flatMap((sort) => {
    const own = changes.map((seed) => seed.filter(({ prompt }) => sortOf(prompt) === sort));
    const change = meanChange(own, ({ label }) => label);
    return change ? [[sort, change] as [Sort, Change]] : [];
  });
}

/** How far the wrong majorities have one error in common, which decides what others learn from them. */
function sortRemark(summary: Summary): string {
  const { runs, set } = summary;
  const trained = [...new Map(runs.flatMap(({ problems }) => problems.map((p) => [p.id, p] as const))).values()];
  const ruled = trained.filter(followsWrongRule).length;
  const parts = bySort(summary).map(([sort, { before, after }]) => `${sort} ${figure(before)} to ${figure(after)}`);
  return `Trained on ${nameOf(set)}: of the ${trained.length} problems that trained in one seed or another, the wrong answer of ${ruled} follows a wrong rule that many problems share (adding up what is to be subtracted, or giving the last term); the others are slips. Label accuracy of unseen ${parts.join(', ')}.`;
}

function bar(name: string, change: Change | null) {
  if (change === null) return [];
  const { mean, low, high } = change.overProblems;
  return [{ name, value: mean, low, high }];
}

export const generalization: Experiment = {
  name: 'generalization',
  title: 'Generalization from wrong majorities',
  question: 'Can training on the wrong answers of a few problems make other problems come out right?',
  finding:
    'Section 5, finding 4: training on 6 problems with wrong majorities still raised label accuracy from 0 to 1 on two unseen problems.',
  method: `A probe of ${PROBE_VOTES} rollouts a problem tells which majorities of a pool are wrong (labels choose the problems, and never train). ${SIZES.join(' and ')} such problems train with the majority vote, and in control runs as many with right majorities. In the embedded world sums and differences are looked at apart; its stronger prior has no wrong majorities in sums, therefore the weaker one is the default. Each seed draws other problems. Label accuracy is measured before and after on ${HELD_OUT} problems that never train, with rollouts apart from the probe's, so that being chosen does not count as being wrong.`,
  defaults: {
    model: 'embedded:W',
    steps: 80,
    evaluation: { samples: 16, every: 0, greedy: false },
    checkpoint: { every: 100 },
  },
  seeds: 3,
  minutes: 5,
  async run(context) {
    const { runs, heldOut } = await generalizationRuns(context);
    return findings(runs, heldOut, { sorts: context.embedded });
  },
};
