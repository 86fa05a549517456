/** Measures of a model: the steps of its collapse and loss, its gain from labels, pass@k, and tokens. */
import { type CollapseStep, collapseStep, collapseText } from '../../../analysis/collapse.ts';
import type { ExperimentRun } from '../../experiment.ts';
import { accuracyCurve, evaluationsOf, groupsOf, stepsOf } from '../../parts/curves.ts';
import { lossStep } from '../../parts/failure.ts';
import { meanOf } from '../../parts/seeds.ts';

/** The paper's threshold of reward accuracy, without smoothing. */
export const THRESHOLD = 0.01;
/** A model with its runs: one of each kind per seed. */
export interface ModelRuns {
  name: string;
  /** Majority voting under the aggressive setting. */
  collapse: ExperimentRun[];
  /** The ground-truth reward at the normal learning rate, with an evaluation before and after. */
  oracle: ExperimentRun[];
}

export interface Steps {
  mean: number | null;
  texts: string[];
}

/** Measures of a model: means over seeds. */
export interface ModelMeasures {
  name: string;
  /** The paper's Model Collapse Step: mean, and by run. A run without one counts with the step after its last. */
  paper: Steps;
  /** The same for the step at which the model was lost (`lossStep`). */
  loss: Steps;
  start: number | null;
  reached: number | null;
  gain: number | null;
  /** gain / (1 - start): the share of the possible gain. */
  headroom: number | null;
  gains: (number | null)[];
  passAtK: Map<number, number>;
  tokens: { loss: number; paper: number; sampling: number; oracle: number };
}

/**
 * Model Collapse Step as in the paper (reward accuracy below 1%) and the step of loss, over the label-free runs; the
 * gain from labels over the oracle runs.
 */
export function measure({ name, collapse, oracle }: ModelRuns): ModelMeasures {
  const losses = collapse.map(lossStep);
  const paper = collapse.map((run) =>
    collapseStep(
      stepsOf(run).map(({ step, metrics }) => ({ step, rewardAccuracy: metrics.rewardAccuracy })),
      { threshold: THRESHOLD },
    ),
  );
  const ends = oracle.map((run) => {
    const curve = accuracyCurve(run);
    return { start: curve[0]?.value ?? null, end: curve.length > 1 ? curve.at(-1)!.value : null };
  });
  const until = (found: readonly CollapseStep[]) =>
    meanOf(collapse.map((run, i) => trainedTokens(run, found[i]!.step ?? Number.POSITIVE_INFINITY))) ?? 0;
  const start = meanOf(ends.map((e) => e.start));
  const reached = meanOf(ends.map(({ end }) => end));
  const gains = ends.map((e) => (e.start === null || e.end === null ? null : e.end - e.start));
  const gain = meanOf(gains);
  const curves = oracle.flatMap((run) => evaluationsOf(run)[0]?.atK ?? []);
  const ks = [...new Set(curves.map(({ k }) => k))].sort((a, b) => a - b);
  return {
    name,
    paper: stepsFrom(paper),
    loss: stepsFrom(losses),
    start,
    reached,
    gain,
    headroom: gain === null || start === null || start === 1 ? null : gain / (1 - start),
    gains,
    passAtK: new Map(ks.map((k) => [k, meanOf(curves.filter((at) => at.k === k).map(({ pass }) => pass.mean))!])),
    tokens: {
      loss: until(losses),
      paper: until(paper),
      sampling: meanOf(oracle.map((run) => evaluatedTokens(run, (step) => step === 0))) ?? 0,
      oracle:
        meanOf(oracle.map((run) => trainedTokens(run, Number.POSITIVE_INFINITY) + evaluatedTokens(run, () => true))) ??
        0,
    },
  };
}

function stepsFrom(found: readonly CollapseStep[]): Steps {
  const known = found.filter(({ last }) => last !== null);
  return { mean: meanOf(known.map(({ step, last }) => step ?? last! + 1)), texts: found.map(collapseText) };
}

/** Tokens of the rollouts up to and including a step. */
function trainedTokens(run: ExperimentRun, last: number): number {
  return stepsOf(run).reduce((sum, { step, metrics }) => (step <= last ? sum + (metrics.tokens ?? 0) : sum), 0);
}

function evaluatedTokens(run: ExperimentRun, at: (step: number) => boolean): number {
  return groupsOf(run, 'evaluation')
    .filter(({ step }) => at(step))
    .reduce((sum, { rollouts, means }) => sum + Math.round(rollouts * (means.tokens ?? 0)), 0);
}
