/** One problem at a time: training on a single problem amplifies its initial majority answer. */
import { clustersOfSmallerClass, MIN_OUTCOMES } from '../../analysis/discrimination.ts';
import { bootstrap, DIFFERENCES, MIN_VALUES, wilson } from '../../analysis/estimates.ts';
import { EMBEDDED } from '../../protocol/embedded.ts';
import { figure } from '../../protocol/format.ts';
import type { Criterion, Experiment, ExperimentContext, Findings } from '../experiment.ts';
import { aboveCriterion, estimateText, NOT_MEASURED, partText } from '../parts/criteria.ts';
import { probe, sameAnswer, trainingHistories } from '../parts/probe.ts';
import { meanOf } from '../parts/seeds.ts';
import { configFor, onlyProblems } from '../parts/sets.ts';
import {
  aurocOf,
  clustersOf,
  type EndedRun,
  endedCorrect,
  endedRuns,
  hasFlipped,
  keptMajority,
  PROBE_VOTES,
  runsByProblem,
  type SingleRun,
  shareOf,
  startedWrong,
} from './per-problem/measures.ts';
import { outcomeTable, plots, problemTable } from './per-problem/report.ts';

const PROBLEMS = 24;
/** 3 of the paper's 25 problems flipped. */
const PAPER_FLIPS = wilson(3, 25)!;

/** The models: both embedded models S and W, unless another one was chosen. */
function modelsOf({ base, embedded }: ExperimentContext): { name: string; model: string }[] {
  if (!embedded || base.model !== EMBEDDED) return [{ name: base.model.replace(/^embedded:/, ''), model: base.model }];
  return [
    { name: 'S', model: EMBEDDED },
    { name: 'W', model: 'embedded:W' },
  ];
}

async function singleRuns(context: ExperimentContext): Promise<SingleRun[]> {
  const { base, seeds } = context;
  const models = modelsOf(context);
  const dataset = { ...base.dataset, limit: base.dataset.limit ?? PROBLEMS };
  context.expect(models.length * (1 + dataset.limit * seeds.length));
  const found = await Promise.all(
    models.map(async ({ name, model }, m) => {
      const problems = await probe(context, `probe-${m + 1}`, { dataset, votes: PROBE_VOTES, model });
      context.expect(models.length * (1 + problems.length * seeds.length));
      return Promise.all(
        problems.flatMap((problem, i) =>
          seeds.map(async (seed) => {
            const config = configFor(
              context,
              { model, seed, batch: 1, evaluation: { samples: 0 } },
              onlyProblems(dataset, [problem]),
            );
            return { model: name, problem, run: await context.run(`model-${m + 1}-problem-${i + 1}-${seed}`, config) };
          }),
        ),
      );
    }),
  );
  return found.flat();
}

/** A criterion on problems: undecided for too few of them. */
function undecidedBelow(criterion: Criterion, count: number, fewest: number, what: string): Criterion {
  if (count >= fewest || criterion.met === null) return criterion;
  const few = `too few ${what} to decide: ${count}, at least ${fewest} are needed`;
  return { ...criterion, measured: `${criterion.measured} (${few})`, met: null };
}

/** The criteria, remarks and sections from the runs. Deterministic. */
export function findings(singles: readonly SingleRun[]): Findings {
  const runs = singles.flatMap(endedRuns);
  const models = [...new Set(runs.map(({ model }) => model))];
  const byModel = models.map((model) => ({ model, runs: runs.filter((run) => run.model === model) }));
  return {
    criteria: [...majorityCriteria(runs), ...shareCriteria(runs)],
    remarks: remarksOf(runs, byModel),
    sections: [...plots(byModel), outcomeTable(byModel), problemTable(runsByProblem(runs))],
  };
}

/** A criterion on problems: undecided for too few of them. */
function onProblems(runs: readonly EndedRun[], criterion: Criterion): Criterion {
  return undecidedBelow(criterion, new Set(clustersOf(runs)).size, MIN_VALUES, 'problems');
}

/** How the initial majority answers end. */
function majorityCriteria(runs: readonly EndedRun[]): Criterion[] {
  const units = runsByProblem(runs);
  const wrong = runsByProblem(runs.filter(startedWrong));
  const keptShare = shareOf(units, keptMajority);
  const flips = shareOf(units, hasFlipped);
  const wrongKept = shareOf(wrong, keptMajority);
  return [
    onProblems(
      runs,
      aboveCriterion(
        'Most problems keep their initial majority answer: the interval is above 0.5.',
        keptShare?.low ?? null,
        0.5,
        keptShare ? `${partText(keptShare, units.length)}; 22 of 25 in the paper` : NOT_MEASURED,
      ),
    ),
    onProblems(runs, {
      expected: `Few problems flip between right and wrong: at most ${figure(PAPER_FLIPS.high)}, the upper bound of the interval of the paper's 3 of 25.`,
      measured: estimateText(flips),
      met: flips && flips.mean <= PAPER_FLIPS.high,
    }),
    undecidedBelow(
      aboveCriterion(
        'Wrong majorities are amplified too: more than half of the problems that begin wrong keep the same wrong answer.',
        wrongKept?.mean ?? null,
        0.5,
        wrongKept ? partText(wrongKept, wrong.length) : 'no problem begins wrong',
      ),
      new Set(clustersOf(runs.filter(startedWrong))).size,
      MIN_OUTCOMES,
      'problems',
    ),
  ];
}

/** How the shares end, and how well they predict the outcome. */
function shareCriteria(runs: readonly EndedRun[]): Criterion[] {
  const units = runsByProblem(runs);
  const growth = bootstrap(
    units.map((of) => meanOf(of.map((run) => run.shares.at(-1)!.value - run.shares[0]!.value))!),
    0,
    DIFFERENCES,
  );
  const rightAuroc = aurocOf(runs, endedCorrect);
  return [
    onProblems(
      runs,
      aboveCriterion(
        'The share of the initial majority answer rises on average over problems: the interval is above 0.',
        growth?.low ?? null,
        0,
        growth ? `by ${estimateText(growth)}` : NOT_MEASURED,
      ),
    ),
    undecidedBelow(
      aboveCriterion(
        'The majority share before training predicts which problems end right: the interval of its AUROC is above 0.5.',
        rightAuroc?.low ?? null,
        0.5,
        estimateText(rightAuroc),
      ),
      clustersOfSmallerClass(runs.map(endedCorrect), clustersOf(runs)),
      MIN_OUTCOMES,
      'problems in the smaller class',
    ),
  ];
}

function remarksOf(
  runs: readonly EndedRun[],
  byModel: readonly { model: string; runs: readonly EndedRun[] }[],
): string[] {
  const keptAuroc = aurocOf(runs, keptMajority);
  return [
    ...byModel.map(({ model, runs: own }) => {
      const of = runsByProblem(own);
      return `Model ${model}: initial majority kept on ${partText(shareOf(of, keptMajority), of.length)}; AUROC of the majority share before training for ending right: ${estimateText(aurocOf(own, endedCorrect))}.`;
    }),
    ...(keptAuroc
      ? [
          `AUROC of the majority share before training for keeping the initial majority, right or wrong: ${estimateText(keptAuroc)}.`,
        ]
      : []),
    `The initial majority of a run is that of ${runs[0]?.run.config.votes ?? 0} rollouts; ${agreementRemark(runs)}.`,
  ];
}

/** How often a run's initial majority equals the probe's, which has more rollouts: the effect of chance on the start. */
function agreementRemark(runs: readonly EndedRun[]): string {
  const same = runs.filter(({ run, problem }) => {
    const first = [...trainingHistories(run).values()][0]?.find(({ group }) => group.majority)?.group.majority;
    return first && problem.answer !== null && sameAnswer(first.answer, problem.answer);
  });
  return `it equals that of the probe in ${same.length} of ${runs.length} runs`;
}

export const perProblem: Experiment = {
  name: 'per-problem',
  title: 'One problem at a time',
  question: 'What does majority voting do to a single problem?',
  finding:
    'Section 5, finding 3: of 25 problems, each trained alone, 22 only amplified their initial majority, right or wrong; 3 flipped.',
  method: `A probe of ${PROBE_VOTES} rollouts per problem shows the answers of the untrained model. Then each problem alone trains a fresh copy of the model by majority voting. The initial and the final majority determine the outcome. By default this is done with the embedded models S and W.`,
  defaults: {
    model: 'embedded',
    steps: 40,
    votes: 16,
    group: 16,
    evaluation: { samples: 0 },
    checkpoint: { every: 100 },
  },
  seeds: 2,
  minutes: 5,
  async run(context) {
    return findings(await singleRuns(context));
  },
};
