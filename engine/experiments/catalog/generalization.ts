/** Generalization: the effect of training on a few problems with wrong majorities on held-out problems. */
import { wilson } from '../../analysis/estimates.ts';
import { figure } from '../../protocol/format.ts';
import type { Estimate } from '../../protocol/index.ts';
import type { ChainFamily } from '../embedded/chains.ts';
import type { Criterion, Experiment, ExperimentContext, Findings } from '../experiment.ts';
import { decisive, pairedChangeText, sortTable } from '../parts/changes.ts';
import { aboveCriterion, NOT_MEASURED } from '../parts/criteria.ts';
import { metricCurve, smoothed } from '../parts/curves.ts';
import type { ProbeResult } from '../parts/probe.ts';
import { meanOf } from '../parts/seeds.ts';
import { configFor, onlyProblems, poolOf, randomSample } from '../parts/sets.ts';
import { followsWrongRule, SORTS } from '../parts/sorts.ts';
import { interval } from '../report/text.ts';
import {
  type GeneralizationRun,
  type GeneralizationSummary,
  labelsBySort,
  membersOf,
  nameOf,
  SIZES,
  summarize,
  type TrainedSet,
} from './generalization/measures.ts';
import { heldOutPlots, numbers, trainingPlots, WINDOW } from './generalization/report.ts';

const HELD_OUT = 128;
const POOL = HELD_OUT + 256;
/** Mostly long sums: the model has few wrong majorities on short ones. */
const FAMILIES: readonly ChainFamily[] = ['H', 'M', 'H', 'E'];
const PROBE_VOTES = 32;
/** Problems that went from wrong to right in the paper. */
const PAPER_TURNED = 2;

async function generalizationRuns(
  context: ExperimentContext,
): Promise<{ runs: GeneralizationRun[]; heldOut: ProbeResult[] }> {
  const { seeds, embedded } = context;
  context.expect(1 + 2 * SIZES.length * seeds.length);
  const pool = await poolOf(context, { size: POOL, heldOut: HELD_OUT, votes: PROBE_VOTES, families: FAMILIES });
  const voted = pool.rest.filter(({ answer }) => answer !== null);
  const sets = setsOf(voted, embedded);
  context.expect(1 + sets.length * seeds.length);
  const runs = await Promise.all(
    sets.flatMap((set) =>
      seeds.map(async (seed) => {
        const problems = randomSample(seed, membersOf(set, voted), set.size);
        const config = configFor(context, { seed }, onlyProblems(pool.dataset, problems), pool.heldOutDataset);
        const name = [set.majorities, ...(set.sort?.split(' ') ?? []), set.size, seed].join('-');
        return { set, seed, problems, run: await context.run(name, config) };
      }),
    ),
  );
  return { runs, heldOut: pool.heldOut };
}

/** The training sets with enough problems. */
function setsOf(problems: readonly ProbeResult[], embedded: boolean): TrainedSet[] {
  const wrong: TrainedSet[] = (embedded ? SORTS : [null]).flatMap((sort) =>
    SIZES.map((size) => ({ majorities: 'wrong' as const, sort, size })),
  );
  const right: TrainedSet[] = SIZES.map((size) => ({ majorities: 'right', sort: null, size }));
  return [...wrong, ...right].filter((set) => membersOf(set, problems).length >= set.size);
}

/**
 * Changes of held-out accuracy, 95% by bootstrap over problems.
 * @param sorts the problems have sorts that generalize differently
 */
export function findings(
  runs: readonly GeneralizationRun[],
  heldOut: readonly ProbeResult[],
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
    criteria: wrong.length > 0 ? wrong.flatMap(criteriaOf) : SIZES.flatMap((size) => unmeasuredCriterion(size)),
    remarks: [
      ...wrong.map(trainedRemark),
      ...summaries.filter(({ set }) => set.majorities === 'right').map(controlRemark),
      ...(sorts ? wrong.map(sortRemark) : []),
      ...(wrong.length === 0
        ? [`The pool has fewer than ${SIZES[0]} problems with a known wrong majority: nothing was measured.`]
        : []),
    ],
    sections: [
      heldOutPlots(summaries),
      trainingPlots(summaries),
      numbers(summaries),
      ...(sorts
        ? [
            sortTable(
              'Label accuracy of held-out problems by kind',
              summaries.map(({ set, changes }) => ({ name: nameOf(set), changes: labelsBySort(changes) })),
            ),
          ]
        : []),
    ],
  };
}

function criteriaOf({ set, alike, turned }: GeneralizationSummary): Criterion[] {
  const on = `Trained on ${set.size} ${set.sort ?? 'problems'} with wrong majorities`;
  return [
    aboveCriterion(
      `${on}, label accuracy rises on held-out ${set.sort ?? 'problems'} whose majority was wrong: the interval of the change is above 0.`,
      decisive(alike)?.overProblems.low ?? null,
      0,
      pairedChangeText(alike),
    ),
    {
      expected: `${on}, at least ${PAPER_TURNED} held-out problems turn right in every seed, and more than turn wrong.`,
      measured: turned.map(({ up, down }) => `${up} right, ${down} wrong`).join('; ') || NOT_MEASURED,
      met: turned.length === 0 ? null : turned.every(({ up, down }) => up >= PAPER_TURNED && up > down),
    },
  ];
}

function unmeasuredCriterion(size: number): Criterion {
  return {
    expected: `Trained on ${size} problems with wrong majorities, label accuracy rises on held-out problems.`,
    measured: NOT_MEASURED,
    met: null,
  };
}

/** The outcome for the training problems themselves, and for held-out wrong ones of any sort. */
function trainedRemark({ set, runs, turned }: GeneralizationSummary): string {
  const curves = runs.map(({ run }) => metricCurve(run, (m) => m.labelAccuracy));
  const start = meanOf(curves.map((curve) => curve[0]?.value ?? null));
  const end = meanOf(curves.map((curve) => smoothed(curve, WINDOW).at(-1)?.value ?? null));
  const [up, before] = [meanOf(turned.map((t) => t.up)), meanOf(turned.map((t) => t.wrongBefore))];
  const part: Estimate | null = up === null || before === null ? null : wilson(up, before);
  const right = meanOf(runs.flatMap(({ problems }) => problems.map(({ accuracy }) => accuracy)));
  return `Trained on ${nameOf(set)}: ${figure(right)} of the probe's rollouts of the training problems were right; their label accuracy went from ${figure(start)} to ${figure(end)}.${
    part
      ? ` Of ${figure(before)} held-out problems with a wrong majority in the first evaluation, ${interval(part)} turned right.`
      : ''
  }`;
}

/** The control shows the effect of any training, which is not generalization from wrong answers. */
function controlRemark({ set, all, alike }: GeneralizationSummary): string {
  return `Control, ${nameOf(set)}: label accuracy of all held-out problems ${pairedChangeText(all)}; of those that were wrong in the probe ${pairedChangeText(alike)}.`;
}

/** How many wrong majorities share one error, which determines what generalizes from them. */
function sortRemark(summary: GeneralizationSummary): string {
  const { runs, set, changes } = summary;
  const trained = [...new Map(runs.flatMap(({ problems }) => problems.map((p) => [p.id, p] as const))).values()];
  const ruled = trained.filter(followsWrongRule).length;
  const parts = labelsBySort(changes).map(
    ([sort, { before, after }]) => `${sort} ${figure(before)} to ${figure(after)}`,
  );
  return `Trained on ${nameOf(set)}: of the ${trained.length} problems that trained in any seed, ${ruled} have a wrong answer that follows a wrong rule shared by many problems (adding instead of subtracting, or giving the last term); the others are slips. Label accuracy of held-out ${parts.join(', ')}.`;
}

export const generalization: Experiment = {
  name: 'generalization',
  title: 'Generalization from wrong majorities',
  question: 'Can training on wrong answers to a few problems help the model solve others?',
  finding:
    'Section 5, finding 4: training on 6 problems with wrong majorities still raised label accuracy from 0 to 1 on two unseen problems.',
  method: `A probe of ${PROBE_VOTES} rollouts per problem shows which majorities of a pool are wrong (labels are used to choose the problems, never for training). Majority voting trains on ${SIZES.join(' and ')} such problems, and in control runs the same number with right majorities. On the embedded models, sums and differences are analyzed separately; the stronger model has no wrong majorities on sums, so the weaker one is the default. Each seed draws other problems. Label accuracy is measured before and after training on ${HELD_OUT} held-out problems, with fresh rollouts, to avoid the selection bias of the probe.`,
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
