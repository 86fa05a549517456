/** How training on one problem ended: its outcome, and shares of outcomes over problems. */
import { clusteredAuroc } from '../../../analysis/discrimination.ts';
import { wilson } from '../../../analysis/estimates.ts';
import { type ProblemPattern, problemPattern } from '../../../analysis/problem-pattern.ts';
import { initialMajorityShares } from '../../../analysis/theory.ts';
import type { Estimate } from '../../../protocol/index.ts';
import type { ExperimentRun } from '../../experiment.ts';
import { type ProbeResult, sameAnswer, trainingHistories } from '../../parts/probe.ts';

export const PROBE_VOTES = 64;

/** The paper's four patterns, and a fifth: a wrong answer is replaced by another. */
export const OUTCOMES = {
  'amplifying-success': 'right, amplified',
  'amplifying-failure': 'wrong, amplified',
  'another-wrong': 'wrong to another wrong',
  'wrong-to-correct': 'wrong to right',
  'correct-to-wrong': 'right to wrong',
} as const;
export type ProblemOutcome = keyof typeof OUTCOMES;
export const OUTCOME_NAMES = Object.keys(OUTCOMES) as ProblemOutcome[];

/** A run on one problem, as probed before training. */
export interface SingleRun {
  /** Name of the model. */
  model: string;
  problem: ProbeResult;
  run: ExperimentRun;
}

export interface EndedRun extends SingleRun {
  pattern: ProblemPattern;
  outcome: ProblemOutcome;
  /** Share of the initial majority answer, by step. */
  shares: { step: number; value: number }[];
}

/** Runs whose problem has a reference answer, and a majority in at least two steps. */
export function endedRuns(single: SingleRun): EndedRun[] {
  const history = [...trainingHistories(single.run).values()][0] ?? [];
  const pattern = problemPattern(history, sameAnswer);
  if (pattern === null) return [];
  const outcome = pattern.pattern === 'amplifying-failure' && !pattern.sameAnswer ? 'another-wrong' : pattern.pattern;
  const shares = initialMajorityShares(history, sameAnswer).map(({ step, share }) => ({ step, value: share }));
  return [{ ...single, pattern, outcome, shares }];
}

/** The runs of each problem and model, one per seed. */
export function runsByProblem(runs: readonly EndedRun[]): EndedRun[][] {
  const units = new Map<string, EndedRun[]>();
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
export function shareOf(units: readonly EndedRun[][], holds: (run: EndedRun) => boolean): Estimate | null {
  const parts = units.map((runs) => runs.filter(holds).length / runs.length);
  return wilson(
    parts.reduce((sum, part) => sum + part, 0),
    parts.length,
  );
}

/** The problem of each run, as a number: seeds and models repeat a problem. */
export function clustersOf(runs: readonly EndedRun[]): number[] {
  const problems = [...new Set(runs.map(({ problem }) => problem.id))];
  return runs.map(({ problem }) => problems.indexOf(problem.id));
}

/**
 * AUROC of the initial majority share as a predictor of `positive`, with an interval that resamples problems, not
 * runs; null if all runs are alike.
 */
export function aurocOf(runs: readonly EndedRun[], positive: (run: EndedRun) => boolean): Estimate | null {
  return clusteredAuroc(
    runs.map(({ problem }) => problem.share),
    runs.map(positive),
    clustersOf(runs),
  );
}

/** The last majority is the initial one. */
export const keptMajority = ({ pattern }: EndedRun) => pattern.sameAnswer;

/** The majority changed from correct to wrong, or from wrong to correct. */
export const hasFlipped = ({ outcome }: EndedRun) => outcome === 'wrong-to-correct' || outcome === 'correct-to-wrong';

/** The initial majority was wrong, whatever the outcome. */
export const startedWrong = ({ pattern: { pattern } }: EndedRun) =>
  pattern === 'amplifying-failure' || pattern === 'wrong-to-correct';

/** The last majority was correct, whatever the initial one. */
export const endedCorrect = ({ outcome }: EndedRun) =>
  outcome === 'amplifying-success' || outcome === 'wrong-to-correct';
