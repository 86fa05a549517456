/** Plots and tables of the per-problem experiment. */
import { referenceText } from '../../../protocol/reference.ts';
import { sharePlot } from '../../parts/plots.ts';
import { meanOf, overSeeds } from '../../parts/seeds.ts';
import type { Section } from '../../report/section.ts';
import {
  aurocOf,
  type EndedRun,
  endedCorrect,
  keptMajority,
  OUTCOME_NAMES,
  OUTCOMES,
  PROBE_VOTES,
  runsByProblem,
  shareOf,
} from './measures.ts';

interface ModelEnds {
  model: string;
  runs: readonly EndedRun[];
}

/** The outcomes that occur, each with its runs. */
function byOutcome(runs: readonly EndedRun[]): { name: string; runs: EndedRun[] }[] {
  return OUTCOME_NAMES.flatMap((name) => {
    const own = runs.filter(({ outcome }) => outcome === name);
    return own.length > 0 ? [{ name: OUTCOMES[name], runs: own }] : [];
  });
}

/** The share of the initial majority answer over the steps, by model and outcome. */
export function plots(byModel: readonly ModelEnds[]): Section[] {
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

/** How many runs of each model had each outcome. */
export function outcomeTable(byModel: readonly ModelEnds[]): Section {
  return {
    kind: 'table',
    title: 'Outcomes',
    note: "Number of runs per outcome. Share kept: by problem, 95% by Wilson's interval.",
    columns: ['model', ...OUTCOME_NAMES.map((name) => OUTCOMES[name]), 'kept', 'AUROC, ends right'],
    rows: byModel.map(({ model, runs }) => [
      model,
      ...OUTCOME_NAMES.map((name) => runs.filter(({ outcome }) => outcome === name).length),
      shareOf(runsByProblem(runs), keptMajority),
      aurocOf(runs, endedCorrect),
    ]),
  };
}

/** One row per problem and model; its runs differ only in their seeds. */
export function problemTable(units: readonly EndedRun[][]): Section {
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
