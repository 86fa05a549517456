/** `rollscope analyze`: confidence vs. correctness, theory vs. measurement, and the outcome of a run. */

import { alignment, type MeasureAlignment, quadrants } from '../../analysis/alignment.ts';
import { classifyRun, collapseStep, collapseText, curveOf, type RunFailure } from '../../analysis/collapse.ts';
import { confidencesOf, MEASURE_NAMES } from '../../analysis/confidence.ts';
import { estimatesAtK } from '../../analysis/evaluation-metrics.ts';
import { signalQuality } from '../../analysis/forecast.ts';
import { type JudgedGroup, majorityRight } from '../../analysis/metrics.ts';
import { checkTheorem, type Optimum, optimum } from '../../analysis/optimum.ts';
import { problemMetrics } from '../../analysis/problem-metrics.ts';
import { problemPattern } from '../../analysis/problem-pattern.ts';
import {
  fitCommonGrowth,
  fitGrowth,
  initialMajorityShares,
  predictionError,
  type StepGroup,
} from '../../analysis/theory.ts';
import { equivalent, graderOf } from '../../grading/index.ts';
import { DASH, oneLine, partOf, plural } from '../../protocol/format.ts';
import { type GroupDetail, type Problem, RollscopeError } from '../../protocol/index.ts';
import { quantityText } from '../../protocol/quantities.ts';
import { OPTIMUM_BETA } from '../../protocol/settings/optimum.ts';
import { QUADRANT_TITLES, QUADRANTS } from '../../protocol/verdict.ts';
import { answerTokens } from '../../reward/answer-tokens.ts';
import { type RunReward, rewardOf } from '../../reward/index.ts';
import { groupOf } from '../../reward/stored.ts';
import { type RunColumns, recordedForecast, recordedScore } from '../../runs/columns.ts';
import { historyOf } from '../../runs/history.ts';
import { learnedNothing, type RecordedSignal, runSignal, signalText } from '../../runs/run-signal.ts';
import { collapseWarningAt } from '../../runs/watch.ts';
import { forecastSection, scoreText, signalTable, withoutForecast } from '../forecast.ts';
import { type RunMaterial, readGroups } from '../groups.ts';
import { wholeNumber } from '../options.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { findRun } from '../runs.ts';
import { table } from '../table.ts';

export interface AnalyzeOptions {
  beta?: string;
  phase?: string;
  step?: string;
  out?: string;
  json?: boolean;
}

/** Of another trainer's reward it is not known whether it says right or wrong. */
const OTHER_REWARD = { saysRight: false };

export async function analyze(reference: string, options: AnalyzeOptions): Promise<number> {
  const output = new Output(options.json === true);
  const { runsFolder } = await placesOf(options.out);
  const folder = await findRun(reference, runsFolder);
  const step = wholeNumber('--step', options.step);
  const material = await readGroups(folder, { phase: options.phase, step });
  const { columns, problems } = material;
  // Confidence belongs to one policy, that of one step: by default the first.
  const at = step ?? material.groups[0]!.step;
  const found = material.groups.filter((group) => group.step === at);
  const groups = await Promise.all(found.map(material.detail));
  const beta = betaOf(options.beta);
  const reward = material.config && rewardOf(material.config.reward, material.config.rewardOptions);
  const optima = groups.map((group) => optimum(group, rewardsOf(group, material, reward), beta));
  const aligned = alignment(
    groups.map((group) => {
      const statistics = group.rollouts.map((rollout) => rollout.statistics);
      return confidencesOf(
        group,
        statistics,
        group.rollouts.map((rollout) => answerTokens(rollout, graderOf(material.grading))),
      );
    }),
  );
  const inQuadrants = quadrants(groups.map((group) => ({ problem: group.problem, group })));
  const labeled = aligned.length > 0;
  output.print(`Confidence vs. correctness: ${plural(groups.length, 'problem')}, ${material.phase}, step ${at}`);
  output.print(material.otherPhases === null ? '' : `${material.otherPhases}\n`);
  if (labeled) {
    output.print(alignmentTable(aligned));
    output.print(`\n${quadrantTable(inQuadrants, problems)}`);
  } else output.print('No labels: correctness is unknown.');
  const atK = atKTable(groups);
  if (atK) output.print(`\n${atK}`);
  output.print(`\n${optimumText(groups, optima, beta)}`);
  const theory = theoryOf(columns);
  if (theory) output.print(`\n${theoryText(theory)}`);
  const ending = endingOf(columns, reward ?? OTHER_REWARD);
  const trained = material.reward ?? 'the reward';
  if (ending) output.print(`\n${endingText(ending, trained)}`);
  const forecast = forecastPart(columns, groups, problems);
  const prediction = forecast?.text ?? withoutForecast(material.config);
  if (prediction) output.print(`\n${prediction}`);
  output.result({
    folder,
    phase: material.phase,
    step: at,
    alignment: aligned,
    quadrants: Object.fromEntries(
      QUADRANTS.map((name) => [name, inQuadrants[name].map((index) => problems[index]!.id)]),
    ),
    problems: groups.map((group, i) => {
      const { weights: _, ...rest } = optima[i]!;
      const metrics = problemMetrics(group, reward ?? OTHER_REWARD, columns.updateOf(found[i]!.row));
      return { id: problems[group.problem]!.id, ...metrics, optimum: rest };
    }),
    beta,
    theory,
    ending,
    forecast: forecast?.data ?? null,
  });
  return EXIT.ok;
}

/** Temperature of the optimum; throws RollscopeError `usage`. */
function betaOf(text: string | undefined): number {
  const beta = text === undefined ? OPTIMUM_BETA : Number(text);
  if (beta > 0 && Number.isFinite(beta)) return beta;
  throw new RollscopeError('usage', `--beta: '${text}' is not allowed; allowed: a number above 0.`, undefined, {
    details: { reason: 'bad-value', field: '--beta', value: text },
  });
}

/** A group's rewards: those it was trained with, else the run's reward if it can be computed, else the majority vote's. */
function rewardsOf(group: GroupDetail, { problems, vocabulary }: RunMaterial, reward: RunReward | null): number[] {
  const given = group.rollouts.flatMap(({ reward }) => reward ?? []);
  if (given.length === group.rollouts.length) return given;
  const gathered = reward?.evidence.every((name) => group.evidence[name] !== undefined);
  if (!reward || !gathered) return group.rollouts.map(({ cluster }) => (cluster === 0 ? 1 : 0));
  return reward.score(groupOf(group, problems[group.problem]!, vocabulary)).rewards;
}

/** The KL-regularized optimum that training approaches, estimated by reweighting these rollouts. */
function optimumText(groups: readonly JudgedGroup[], optima: readonly Optimum[], beta: number): string {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const judged = groups.flatMap(({ rollouts }, i) => {
    const found = optima[i]!.accuracy;
    return found === null ? [] : [{ now: mean(rollouts.map(({ correct }) => Number(correct === true))), there: found }];
  });
  const change = (of: 'share' | 'accuracy', now: number, there: number) =>
    `${quantityText(of, now)} now, ${quantityText(of, there)} at the optimum`;
  const accuracy =
    judged.length === 0
      ? ''
      : `; accuracy ${change('accuracy', mean(judged.map((one) => one.now)), mean(judged.map((one) => one.there)))}`;
  const shares = change(
    'share',
    mean(groups.map(({ majority }) => majority?.share ?? 0)),
    mean(optima.map((o) => o.majorityShare)),
  );
  return `Optimum pi* at beta ${quantityText('beta', beta)}, by reweighting these rollouts: majority share ${shares}${accuracy}`;
}

function alignmentTable(aligned: readonly MeasureAlignment[]): string {
  const rows = MEASURE_NAMES.flatMap((name) => {
    const found = aligned.find(({ measure }) => measure === name);
    if (!found) return [];
    return [
      [
        found.title,
        found.within ? `${quantityText('auroc', found.within)}, n = ${found.within.problems}` : DASH,
        quantityText('auroc', found.across),
        quantityText('calibrationError', found.calibration?.equalWidth.error),
        quantityText('calibrationError', found.calibration?.equalMass.error),
      ],
    ];
  });
  return table(
    ['AUROC for correctness', 'within problems', 'across problems', 'ECE, equal width', 'ECE, equal mass'],
    rows,
    [3, 4],
  );
}

function quadrantTable(found: ReturnType<typeof quadrants>, problems: readonly Problem[]): string {
  const rows = QUADRANTS.map((name) => [
    QUADRANT_TITLES[name],
    String(found[name].length),
    oneLine(found[name].map((index) => problems[index]!.id).join(', '), 70),
  ]);
  return table(['majority', 'problems', 'ids'], rows, [1]);
}

function atKTable(groups: readonly JudgedGroup[]): string | null {
  const most = Math.min(...groups.map(({ rollouts }) => rollouts.length));
  const ks = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096].filter((k) => k <= most);
  const rows = ks.flatMap((k) => {
    const found = estimatesAtK(groups, k);
    return found ? [[String(k), quantityText('accuracy', found.pass), quantityText('accuracy', found.majority)]] : [];
  });
  return rows.length > 0 ? table(['k', 'pass@k', 'maj@k'], rows, [0]) : null;
}

/** The training groups of each problem, in the order of steps. */
function histories(columns: RunColumns): [problem: number, history: StepGroup[]][] {
  return columns.sampled.flatMap((problem) => {
    const history = historyOf(columns, problem).map(({ row, step }) => ({ step, group: columns.summaryOf(row) }));
    return history.length === 0 ? [] : [[problem, history]];
  });
}

/** Measured shares of each problem's initial majority answer vs. the prediction with one beta for the run. */
function theoryOf(columns: RunColumns) {
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

function theoryText({ common, error, theorem, problems }: NonNullable<ReturnType<typeof theoryOf>>): string {
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
    `  Theorem 1: initial majority kept on ${theorem.kept ? partOf(theorem.kept.mean, theorem.problems) : DASH} problems, share ${quantityText('share', theorem.kept)}; correctness unchanged ${quantityText('share', theorem.outcome)}`,
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

type Trained = Pick<RunReward, 'saysRight'> & Partial<Pick<RunReward, 'executes'>>;

function endingOf(columns: RunColumns, { saysRight, executes = false }: Trained) {
  const { series, head } = columns;
  const steps = series.rows('proxyReward', 'groundTruthReward', 'length', 'repetition', 'rewardAccuracy');
  const curve = curveOf(steps);
  if (curve.length === 0) return null;
  const accuracy = head.evaluations.flatMap((r) => (r.accuracy ? [{ step: r.step, value: r.accuracy.mean }] : []));
  const watch = collapseWarningAt({ head });
  return {
    failure: classifyRun(curve, accuracy),
    // Where programs judge, a response need not have an answer.
    signal: executes ? { ...runSignal(columns), noAnswer: null } : runSignal(columns),
    collapse: saysRight ? collapseStep(steps.map(({ step, metrics }) => ({ step, ...metrics }))) : null,
    watch,
  };
}

type Ending = NonNullable<ReturnType<typeof endingOf>>;

function endingText({ failure, signal, collapse, watch }: Ending, reward: string): string {
  const last = watch ? `\n  collapse watch, step ${watch.step}: ${watch.message}` : '\n  collapse watch: no alarms';
  const step = collapse ? collapseText(collapse) : `not defined for ${reward}, which is not a correctness reward`;
  return `Outcome: ${outcomeText(failure, signal)}\n  Model Collapse Step (reward accuracy below 1%): ${step}${last}`;
}

/** A run without anything to learn from has not simply not failed. */
function outcomeText({ mode, reason }: RunFailure, signal: RecordedSignal): string {
  const lacking = signalText(signal);
  const failure = mode === 'none' ? 'no failure' : `${mode} failure`;
  if (lacking === null) return `${failure}: ${reason}`;
  if (mode !== 'none') return `${failure}: ${reason}; ${lacking}`;
  return `${learnedNothing(signal) ? 'no' : 'weak'} training signal: ${lacking}; ${reason}`;
}

/** The stored forecast with its score, and how well its signals separate correct from wrong majorities now. */
function forecastPart({ head }: RunColumns, groups: readonly GroupDetail[], problems: readonly Problem[]) {
  const forecast = recordedForecast(head);
  if (!forecast) return null;
  const score = recordedScore(head);
  const right = new Map(groups.map((group) => [group.problem, majorityRight(group)]));
  const signals = signalTable(forecast, right);
  const parts = [
    forecastSection(forecast, problems),
    ...(score ? [scoreText(score)] : []),
    ...(signals ? [signals] : []),
  ];
  return { text: parts.join('\n'), data: { forecast, score, signals: signalQuality(forecast, right) } };
}
