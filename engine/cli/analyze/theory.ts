/** Theory vs. measurement over the steps of a run. */
import { checkTheorem } from '../../analysis/optimum.ts';
import { problemPattern } from '../../analysis/problem-pattern.ts';
import {
  fitCommonGrowth,
  fitGrowth,
  initialMajorityShares,
  predictionError,
  type StepGroup,
} from '../../analysis/theory.ts';
import { equivalent } from '../../grading/index.ts';
import { countOf, DASH, plural } from '../../protocol/format.ts';
import { quantityText } from '../../protocol/quantities.ts';
import type { RunColumns } from '../../runs/columns.ts';
import { historyOf } from '../../runs/history.ts';

/** The training groups of each problem, in the order of steps. */
export function histories(columns: RunColumns): [problem: number, history: StepGroup[]][] {
  return columns.sampled.flatMap((problem) => {
    const history = historyOf(columns, problem).map(({ row, step }) => ({ step, group: columns.summaryOf(row) }));
    return history.length === 0 ? [] : [[problem, history]];
  });
}

/** Measured shares of each problem's initial majority answer vs. the prediction with one beta for the run. */
export function theoryOf(columns: RunColumns) {
  const all = histories(columns).filter(([, history]) => history.length > 1);
  if (all.length === 0) return null;
  const shares = all.map(([, history]) => initialMajorityShares(history, equivalent));
  const common = fitCommonGrowth(shares);
  return {
    problems: all.map(([problem, history], i) => ({
      problem,
      fit: fitGrowth(shares[i]!),
      first: shares[i]![0]?.share ?? null,
      last: shares[i]!.at(-1)?.share ?? null,
      pattern: problemPattern(history, equivalent),
    })),
    common,
    error: common && predictionError(shares, common.growth),
    theorem: checkTheorem(
      all.map(([, history]) => ({ first: history[0]!.group, last: history.at(-1)!.group })),
      equivalent,
    ),
  };
}

/**
 * Growth of the majority share in logits per step (Theorem 1 of arXiv 2603.08660), and how far the shares that it
 * predicts are from the measured ones.
 */
export function theoryText({ common, error, theorem, problems }: NonNullable<ReturnType<typeof theoryOf>>): string {
  const lines = [`Sharpening: share of the initial majority answer, ${plural(problems.length, 'problem')}`];
  if (common) {
    const beta = common.beta === null ? 'no growth' : `beta ${quantityText('beta', common.beta)}`;
    lines.push(
      `  logit growth per step ${quantityText('growth', common.growth)}${common.error === null ? '' : ` ± ${quantityText('growth', common.error)}`} (${beta}, rate ${quantityText('growth', common.rate)}), explained variance ${quantityText('share', common.explained)}`,
    );
  }
  if (error) {
    lines.push(
      `  mean prediction error: one step ahead ${quantityText('predictionError', error.oneStep)} (constant-share baseline ${quantityText('predictionError', error.oneStepUnchanged)}), from the first step ${quantityText('predictionError', error.manySteps)} (baseline ${quantityText('predictionError', error.manyStepsUnchanged)})`,
    );
  }
  lines.push(
    `  Theorem 1: initial majority kept on ${theorem.kept ? countOf(theorem.kept.mean, theorem.problems) : DASH} problems, share ${quantityText('share', theorem.kept)}; correctness unchanged ${quantityText('share', theorem.outcome)}`,
  );
  const patterns = problems.flatMap(({ pattern }) => pattern?.pattern ?? []);
  const count = (name: string) => patterns.filter((p) => p === name).length;
  if (patterns.length > 0) {
    lines.push(
      `  patterns: ${['amplifying-success', 'amplifying-failure', 'wrong-to-correct', 'correct-to-wrong'].map((name) => `${count(name)} ${name.replaceAll('-', ' ')}`).join(', ')}`,
    );
  }
  return lines.join('\n');
}
