/** One problem at a time: training on a single problem amplifies the answer that it began with. */
import { type ProblemPattern, problemPattern } from '../../analysis/collapse.ts';
import { bootstrap, DIFFERENCES, FEWEST_VALUES, wilson } from '../../analysis/estimates.ts';
import { clusteredAuroc, clustersOfSmallerClass, FEWEST_OUTCOMES } from '../../analysis/statistics.ts';
import { initialMajorityShares } from '../../analysis/theory.ts';
import type { Estimate } from '../../protocol/index.ts';
import type { Criterion, Experiment, ExperimentContext, ExperimentRun, Findings } from '../experiment.ts';
import { above, meanOf, overSeeds } from '../parts/common.ts';
import { chosen, configOn, histories, type ProbedProblem, probe, sameAnswer } from '../parts/problems.ts';
import { figure, interval } from '../report/text.ts';

const PROBLEMS = 24;
const PROBE_VOTES = 64;
/** Of the paper's 25 problems, 3 flipped. */
const PAPER_FLIPS = wilson(3, 25)!;

/** The paper's four patterns, and a fifth: one wrong answer gives way to another. */
export const OUTCOMES = {
  'amplifying-success': 'right, amplified',
  'amplifying-failure': 'wrong, amplified',
  'another-wrong': 'wrong to another wrong',
  'wrong-to-correct': 'wrong to right',
  'correct-to-wrong': 'right to wrong',
} as const;
export type Outcome = keyof typeof OUTCOMES;
const OUTCOME_NAMES = Object.keys(OUTCOMES) as Outcome[];

/** A run on one problem, with what the model thought of that problem before. */
export interface SingleRun {
  prior: string;
  problem: ProbedProblem;
  run: ExperimentRun;
}

/** Models to look at: both priors of the embedded world, unless another one was chosen. */
function modelsOf({ base, embedded }: ExperimentContext): { name: string; model: string }[] {
  if (!embedded || base.model !== 'embedded')
    return [{ name: base.model.replace(/^embedded:/, ''), model: base.model }];
  return [
    { name: 'S', model: 'embedded' },
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
            const config = configOn(
              context,
              { model, seed, batch: 1, evaluation: { samples: 0 } },
              chosen(dataset, [problem]),
            );
            return { prior: name, problem, run: await context.run(`model-${m + 1}-problem-${i + 1}-${seed}`, config) };
          }),
        ),
      );
    }),
  );
  return found.flat();
}

interface Ended extends SingleRun {
  pattern: ProblemPattern;
  outcome: Outcome;
  /** Share of the answer that was the first step's majority, by step. */
  shares: { step: number; value: number }[];
}

/** Runs whose problem has a label, and a majority at two steps or more. */
function ended(single: SingleRun): Ended[] {
  const history = [...histories(single.run).values()][0] ?? [];
  const pattern = problemPattern(history, sameAnswer);
  if (pattern === null) return [];
  const outcome = pattern.pattern === 'amplifying-failure' && !pattern.sameAnswer ? 'another-wrong' : pattern.pattern;
  const shares = initialMajorityShares(history, sameAnswer).map(({ step, share }) => ({ step, value: share }));
  return [{ ...single, pattern, outcome, shares }];
}

/** Runs of each problem under each prior: what the seeds repeat. */
function unitsOf(runs: readonly Ended[]): Ended[][] {
  const units = new Map<string, Ended[]>();
  for (const run of runs) {
    const key = JSON.stringify([run.prior, run.problem.id]);
    units.set(key, [...(units.get(key) ?? []), run]);
  }
  return [...units.values()];
}

/**
 * Share of problems for which something holds, by Wilson. Seeds repeat a problem and are no further problems: each
 * problem counts once, with the part of its seeds for which it holds.
 */
function shareOf(units: readonly Ended[][], holds: (run: Ended) => boolean): Estimate | null {
  const parts = units.map((runs) => runs.filter(holds).length / runs.length);
  return wilson(
    parts.reduce((sum, part) => sum + part, 0),
    parts.length,
  );
}

/** The problem of each run, as a number: seeds and priors repeat a problem. */
function clustersOf(runs: readonly Ended[]): number[] {
  const problems = [...new Set(runs.map(({ problem }) => problem.id))];
  return runs.map(({ problem }) => problems.indexOf(problem.id));
}

function aurocOf(runs: readonly Ended[], positive: (run: Ended) => boolean): Estimate | null {
  return clusteredAuroc(
    runs.map(({ problem }) => problem.share),
    runs.map(positive),
    clustersOf(runs),
  );
}

/** A criterion on problems; of too few nothing is decided. */
function decided(criterion: Criterion, count: number, fewest: number, what: string): Criterion {
  if (count >= fewest || criterion.met === null) return criterion;
  const few = `too few ${what} to decide: ${count}, ${fewest} at least`;
  return { ...criterion, measured: `${criterion.measured} (${few})`, met: null };
}

const kept = ({ pattern }: Ended) => pattern.sameAnswer;
const flipped = ({ outcome }: Ended) => outcome === 'wrong-to-correct' || outcome === 'correct-to-wrong';
const beganWrong = ({ pattern: { pattern } }: Ended) =>
  pattern === 'amplifying-failure' || pattern === 'wrong-to-correct';
const endsRight = ({ outcome }: Ended) => outcome === 'amplifying-success' || outcome === 'wrong-to-correct';
const words = (estimate: Estimate | null) => (estimate ? interval(estimate) : 'not measured');

export function findings(singles: readonly SingleRun[]): Findings {
  const runs = singles.flatMap(ended);
  const units = unitsOf(runs);
  const wrong = unitsOf(runs.filter(beganWrong));
  const priors = [...new Set(runs.map(({ prior }) => prior))];
  const keptShare = shareOf(units, kept);
  const flips = shareOf(units, flipped);
  const wrongKept = shareOf(wrong, kept);
  const growth = bootstrap(
    units.map((of) => meanOf(of.map(({ shares }) => shares.at(-1)!.value - shares[0]!.value))!),
    0,
    DIFFERENCES,
  );
  const rightAuroc = aurocOf(runs, endsRight);
  const keptAuroc = aurocOf(runs, kept);
  const onProblems = (criterion: Criterion) =>
    decided(criterion, new Set(clustersOf(runs)).size, FEWEST_VALUES, 'problems');
  const criteria: Criterion[] = [
    onProblems(
      above(
        'Most problems end with the majority answer that they began with: the interval lies above one half.',
        keptShare?.low ?? null,
        0.5,
        keptShare ? `${words(keptShare)} of ${units.length} problems; 22 of 25 in the paper` : 'not measured',
      ),
    ),
    onProblems({
      expected: `Few flip between right and wrong: at most ${figure(PAPER_FLIPS.high)}, the upper end of the interval of the paper's 3 in 25.`,
      measured: words(flips),
      met: flips && flips.mean <= PAPER_FLIPS.high,
    }),
    decided(
      above(
        'A wrong majority is amplified as well: of the problems that begin wrong, more than half end with the same wrong answer.',
        wrongKept?.mean ?? null,
        0.5,
        wrongKept ? `${words(wrongKept)} of ${wrong.length} problems` : 'no problem begins wrong',
      ),
      new Set(clustersOf(runs.filter(beganWrong))).size,
      FEWEST_OUTCOMES,
      'problems',
    ),
    onProblems(
      above(
        'The share of the first majority answer rises, on average over problems: the interval lies above 0.',
        growth?.low ?? null,
        0,
        growth ? `by ${words(growth)}` : 'not measured',
      ),
    ),
    decided(
      above(
        'The majority share before training tells which problems end right: the interval of its AUROC lies above one half.',
        rightAuroc?.low ?? null,
        0.5,
        words(rightAuroc),
      ),
      clustersOfSmallerClass(runs.map(endsRight), clustersOf(runs)),
      FEWEST_OUTCOMES,
      'problems in the smaller class',
    ),
  ];
  const byPrior = priors.map((prior) => ({ prior, runs: runs.filter((run) => run.prior === prior) }));
  return {
    criteria,
    remarks: [
      ...byPrior.map(({ prior, runs: own }) => {
        const of = unitsOf(own);
        return `Prior ${prior}: ${words(shareOf(of, kept))} of ${of.length} problems keep their first majority; AUROC of the share before training for ending right ${words(aurocOf(own, endsRight))}.`;
      }),
      ...(keptAuroc
        ? [
            `For keeping the first majority, right or wrong, the AUROC of the share before training is ${words(keptAuroc)}.`,
          ]
        : []),
      `The first majority of a run is that of ${runs[0]?.run.config.votes ?? 0} rollouts; ${agreement(runs)}.`,
    ],
    sections: [
      {
        kind: 'plots',
        title: 'The first majority answer',
        note: 'Mean share of rollouts that give the answer which was the majority at the first step, for the problems of each outcome. Bands: 95% over runs.',
        plots: byPrior.map(({ prior, runs: own }) => ({
          kind: 'lines' as const,
          title: `Prior ${prior}`,
          x: 'step',
          y: 'share',
          yRange: [0, 1] as const,
          series: OUTCOME_NAMES.filter((name) => own.some(({ outcome }) => outcome === name)).map((name) =>
            overSeeds(
              OUTCOMES[name],
              own.filter(({ outcome }) => outcome === name).map(({ shares }) => shares),
            ),
          ),
        })),
      },
      {
        kind: 'plots',
        title: 'Before and after',
        note: `Each point is a run: the majority share among ${PROBE_VOTES} rollouts before training, and the share of the first majority answer at the last step.`,
        plots: byPrior.map(({ prior, runs: own }) => ({
          kind: 'points' as const,
          title: `Prior ${prior}`,
          x: 'share before',
          y: 'share at the end',
          xRange: [0, 1] as const,
          yRange: [0, 1] as const,
          series: OUTCOME_NAMES.filter((name) => own.some(({ outcome }) => outcome === name)).map((name) => ({
            name: OUTCOMES[name],
            points: own
              .filter(({ outcome }) => outcome === name)
              .map(({ problem, shares }) => ({ x: problem.share, y: shares.at(-1)!.value })),
          })),
        })),
      },
      {
        kind: 'table',
        title: 'Outcomes',
        note: 'Runs of each outcome. Share kept: by problem, 95% by Wilson.',
        columns: ['prior', ...OUTCOME_NAMES.map((name) => OUTCOMES[name]), 'kept', 'AUROC, ends right'],
        rows: byPrior.map(({ prior, runs: own }) => [
          prior,
          ...OUTCOME_NAMES.map((name) => own.filter(({ outcome }) => outcome === name).length),
          shareOf(unitsOf(own), kept),
          aurocOf(own, endsRight),
        ]),
      },
      {
        kind: 'table',
        title: 'Problems',
        columns: [
          'problem',
          'prior',
          'majority before',
          'share',
          'is',
          'ends, by seed',
          'share of the first majority, end',
        ],
        rows: units.map((of) => {
          const { problem, prior } = of[0]!;
          return [
            problem.prompt,
            prior,
            problem.answer ?? 'none',
            problem.share,
            problem.right ? 'right' : 'wrong',
            of.map(({ outcome }) => OUTCOMES[outcome]).join(', '),
            meanOf(of.map(({ shares }) => shares.at(-1)!.value)),
          ];
        }),
      },
    ],
  };
}

/** How often a run's first majority is that of the probe, which has more rollouts: what chance does to the start. */
function agreement(runs: readonly Ended[]): string {
  const same = runs.filter(({ run, problem }) => {
    const first = [...histories(run).values()][0]?.find(({ group }) => group.majority)?.group.majority;
    return first && problem.answer !== null && sameAnswer(first.answer, problem.answer);
  });
  return `it is the majority of the probe in ${same.length} of ${runs.length} runs`;
}

export const perProblem: Experiment = {
  name: 'per-problem',
  title: 'One problem at a time',
  question: 'What does majority voting do to a problem that it trains on alone?',
  finding:
    'Section 5, finding 3: of 25 problems, each trained on alone, 22 only amplified what they began with, right or wrong; 3 flipped.',
  method: `A probe of ${PROBE_VOTES} rollouts a problem shows what the model thinks of it. Then every problem trains a fresh copy of the model alone, with the majority vote. How it ends is told by the first and the last majority. The embedded world is looked at with its two priors.`,
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
