/** One problem at a time: training on a single problem amplifies its initial majority answer. */

import { clusteredAuroc, clustersOfSmallerClass, FEWEST_OUTCOMES } from '../../analysis/discrimination.ts';
import { bootstrap, DIFFERENCES, FEWEST_VALUES, wilson } from '../../analysis/estimates.ts';
import { type ProblemPattern, problemPattern } from '../../analysis/problem-pattern.ts';
import { initialMajorityShares } from '../../analysis/theory.ts';
import { EMBEDDED } from '../../protocol/embedded.ts';
import { figure } from '../../protocol/format.ts';
import type { Estimate } from '../../protocol/index.ts';
import { referenceText } from '../../protocol/reference.ts';
import type { Criterion, Experiment, ExperimentContext, ExperimentRun, Findings } from '../experiment.ts';
import { above, estimateText, NOT_MEASURED, partText } from '../parts/criteria.ts';
import { sharePlot } from '../parts/plots.ts';
import { histories, type ProbeResult, probe, sameAnswer } from '../parts/probe.ts';
import { meanOf, overSeeds } from '../parts/seeds.ts';
import { chosen, configOn } from '../parts/sets.ts';
import type { Section } from '../report/section.ts';

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
export type ProblemOutcome = keyof typeof OUTCOMES;
const OUTCOME_NAMES = Object.keys(OUTCOMES) as ProblemOutcome[];

/** A run on one problem, as probed before training. */
export interface SingleRun {
  /** Name of the model. */
  model: string;
  problem: ProbeResult;
  run: ExperimentRun;
}

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
            const config = configOn(
              context,
              { model, seed, batch: 1, evaluation: { samples: 0 } },
              chosen(dataset, [problem]),
            );
            return { model: name, problem, run: await context.run(`model-${m + 1}-problem-${i + 1}-${seed}`, config) };
          }),
        ),
      );
    }),
  );
  return found.flat();
}

interface Ended extends SingleRun {
  pattern: ProblemPattern;
  outcome: ProblemOutcome;
  /** Share of the answer that was the first step's majority, by step. */
  shares: { step: number; value: number }[];
}

/** Runs whose problem has a reference answer, and a majority in at least two steps. */
function ended(single: SingleRun): Ended[] {
  const history = [...histories(single.run).values()][0] ?? [];
  const pattern = problemPattern(history, sameAnswer);
  if (pattern === null) return [];
  const outcome = pattern.pattern === 'amplifying-failure' && !pattern.sameAnswer ? 'another-wrong' : pattern.pattern;
  const shares = initialMajorityShares(history, sameAnswer).map(({ step, share }) => ({ step, value: share }));
  return [{ ...single, pattern, outcome, shares }];
}

/** The runs of each problem and model: repeated by the seeds. */
function unitsOf(runs: readonly Ended[]): Ended[][] {
  const units = new Map<string, Ended[]>();
  for (const run of runs) {
    const key = JSON.stringify([run.model, run.problem.id]);
    units.set(key, [...(units.get(key) ?? []), run]);
  }
  return [...units.values()];
}

/**
 * Share of problems for which a condition holds, with Wilson's interval. Seeds repeat a problem and are not independent
 * problems: each problem counts once, with the share of its seeds for which the condition holds.
 */
function shareOf(units: readonly Ended[][], holds: (run: Ended) => boolean): Estimate | null {
  const parts = units.map((runs) => runs.filter(holds).length / runs.length);
  return wilson(
    parts.reduce((sum, part) => sum + part, 0),
    parts.length,
  );
}

/** The problem of each run, as a number: seeds and models repeat a problem. */
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

/** A criterion on problems: undecided for too few of them. */
function decided(criterion: Criterion, count: number, fewest: number, what: string): Criterion {
  if (count >= fewest || criterion.met === null) return criterion;
  const few = `too few ${what} to decide: ${count}, at least ${fewest} are needed`;
  return { ...criterion, measured: `${criterion.measured} (${few})`, met: null };
}

const kept = ({ pattern }: Ended) => pattern.sameAnswer;
const flipped = ({ outcome }: Ended) => outcome === 'wrong-to-correct' || outcome === 'correct-to-wrong';
const beganWrong = ({ pattern: { pattern } }: Ended) =>
  pattern === 'amplifying-failure' || pattern === 'wrong-to-correct';
const endsRight = ({ outcome }: Ended) => outcome === 'amplifying-success' || outcome === 'wrong-to-correct';
export function findings(singles: readonly SingleRun[]): Findings {
  const runs = singles.flatMap(ended);
  const units = unitsOf(runs);
  const wrong = unitsOf(runs.filter(beganWrong));
  const models = [...new Set(runs.map(({ model }) => model))];
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
        'Most problems keep their initial majority answer: the interval is above 0.5.',
        keptShare?.low ?? null,
        0.5,
        keptShare ? `${partText(keptShare, units.length)}; 22 of 25 in the paper` : NOT_MEASURED,
      ),
    ),
    onProblems({
      expected: `Few problems flip between right and wrong: at most ${figure(PAPER_FLIPS.high)}, the upper bound of the interval of the paper's 3 of 25.`,
      measured: estimateText(flips),
      met: flips && flips.mean <= PAPER_FLIPS.high,
    }),
    decided(
      above(
        'Wrong majorities are amplified too: more than half of the problems that begin wrong keep the same wrong answer.',
        wrongKept?.mean ?? null,
        0.5,
        wrongKept ? partText(wrongKept, wrong.length) : 'no problem begins wrong',
      ),
      new Set(clustersOf(runs.filter(beganWrong))).size,
      FEWEST_OUTCOMES,
      'problems',
    ),
    onProblems(
      above(
        'The share of the initial majority answer rises on average over problems: the interval is above 0.',
        growth?.low ?? null,
        0,
        growth ? `by ${estimateText(growth)}` : NOT_MEASURED,
      ),
    ),
    decided(
      above(
        'The majority share before training predicts which problems end right: the interval of its AUROC is above 0.5.',
        rightAuroc?.low ?? null,
        0.5,
        estimateText(rightAuroc),
      ),
      clustersOfSmallerClass(runs.map(endsRight), clustersOf(runs)),
      FEWEST_OUTCOMES,
      'problems in the smaller class',
    ),
  ];
  const byModel = models.map((model) => ({ model, runs: runs.filter((run) => run.model === model) }));
  return {
    criteria,
    remarks: [
      ...byModel.map(({ model, runs: own }) => {
        const of = unitsOf(own);
        return `Model ${model}: initial majority kept on ${partText(shareOf(of, kept), of.length)}; AUROC of the majority share before training for ending right: ${estimateText(aurocOf(own, endsRight))}.`;
      }),
      ...(keptAuroc
        ? [
            `AUROC of the majority share before training for keeping the initial majority, right or wrong: ${estimateText(keptAuroc)}.`,
          ]
        : []),
      `The initial majority of a run is that of ${runs[0]?.run.config.votes ?? 0} rollouts; ${agreement(runs)}.`,
    ],
    sections: [...plots(byModel), outcomeTable(byModel), problemTable(units)],
  };
}

interface ModelEnds {
  model: string;
  runs: readonly Ended[];
}

/** The outcomes that occur, each with its runs. */
function byOutcome(runs: readonly Ended[]): { name: string; runs: Ended[] }[] {
  return OUTCOME_NAMES.flatMap((name) => {
    const own = runs.filter(({ outcome }) => outcome === name);
    return own.length > 0 ? [{ name: OUTCOMES[name], runs: own }] : [];
  });
}

function plots(byModel: readonly ModelEnds[]): Section[] {
  return [
    {
      kind: 'plots',
      title: 'The initial majority answer',
      note: 'Mean share of rollouts with the majority answer of the first step, for the problems of each outcome. Bands: 95% over runs.',
      plots: byModel.map(({ model, runs }) =>
        sharePlot(
          `Model ${model}`,
          byOutcome(runs).map(({ name, runs: own }) =>
            overSeeds(
              name,
              own.map(({ shares }) => shares),
            ),
          ),
        ),
      ),
    },
    {
      kind: 'plots',
      title: 'Before and after',
      note: `Each point is a run: the majority share among ${PROBE_VOTES} rollouts before training, and the share of the initial majority answer at the last step.`,
      plots: byModel.map(({ model, runs }) => ({
        kind: 'points' as const,
        title: `Model ${model}`,
        x: 'share before',
        y: 'share at the end',
        xRange: [0, 1] as const,
        yRange: [0, 1] as const,
        series: byOutcome(runs).map(({ name, runs: own }) => ({
          name,
          points: own.map(({ problem, shares }) => ({ x: problem.share, y: shares.at(-1)!.value })),
        })),
      })),
    },
  ];
}

function outcomeTable(byModel: readonly ModelEnds[]): Section {
  return {
    kind: 'table',
    title: 'Outcomes',
    note: "Number of runs per outcome. Share kept: by problem, 95% by Wilson's interval.",
    columns: ['model', ...OUTCOME_NAMES.map((name) => OUTCOMES[name]), 'kept', 'AUROC, ends right'],
    rows: byModel.map(({ model, runs }) => [
      model,
      ...OUTCOME_NAMES.map((name) => runs.filter(({ outcome }) => outcome === name).length),
      shareOf(unitsOf(runs), kept),
      aurocOf(runs, endsRight),
    ]),
  };
}

function problemTable(units: readonly Ended[][]): Section {
  return {
    kind: 'table',
    title: 'Problems',
    columns: [
      'problem',
      'model',
      'majority before',
      'share',
      'verdict',
      'outcome, by seed',
      'share of the initial majority, end',
    ],
    rows: units.map((of) => {
      const { problem, model } = of[0]!;
      return [
        problem.text,
        model,
        referenceText(problem) ?? 'none',
        problem.share,
        problem.right ? 'right' : 'wrong',
        of.map(({ outcome }) => OUTCOMES[outcome]).join(', '),
        meanOf(of.map(({ shares }) => shares.at(-1)!.value)),
      ];
    }),
  };
}

/** How often a run's initial majority is that of the probe, which has more rollouts: the effect of chance on the start. */
function agreement(runs: readonly Ended[]): string {
  const same = runs.filter(({ run, problem }) => {
    const first = [...histories(run).values()][0]?.find(({ group }) => group.majority)?.group.majority;
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
  method: `A probe of ${PROBE_VOTES} rollouts per problem shows the answers of the untrained model. Then each problem alone trains a fresh copy of the model by majority voting. The first and the last majority decide the outcome. By default this is done with the embedded models S and W.`,
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
