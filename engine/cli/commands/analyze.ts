/** `rollscope analyze`: confidence vs. correctness, theory vs. measurement, and the outcome of a run. */

import { alignment, quadrants } from '../../analysis/alignment.ts';
import { confidencesOf } from '../../analysis/confidence.ts';
import { optimum } from '../../analysis/optimum.ts';
import { problemMetrics } from '../../analysis/problem-metrics.ts';
import { graderOf } from '../../grading/index.ts';
import { plural } from '../../protocol/format.ts';
import { type GroupDetail, RollscopeError } from '../../protocol/index.ts';
import { OPTIMUM_BETA } from '../../protocol/settings/optimum.ts';
import { PLACES } from '../../protocol/verdict.ts';
import { answerTokens } from '../../reward/answer-tokens.ts';
import { type RunReward, rewardOf } from '../../reward/index.ts';
import { groupOf } from '../../reward/stored.ts';
import { endingOf, endingText } from '../analyze/ending.ts';
import { alignmentTable, atKTable, forecastPart, optimumText, quadrantTable } from '../analyze/tables.ts';
import { theoryOf, theoryText } from '../analyze/theory.ts';
import { withoutForecast } from '../forecast.ts';
import { type RunMaterial, readGroups } from '../groups.ts';
import { wholeNumber } from '../options.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { findRun } from '../runs.ts';

export interface AnalyzeOptions {
  beta?: string;
  phase?: string;
  step?: string;
  out?: string;
  json?: boolean;
}

/** Of another trainer's reward it is not known whether it says right or wrong. */
const OTHER_REWARD = { saysRight: false };

/** Prints the analysis. @returns the exit code */
export async function analyze(run: string, options: AnalyzeOptions): Promise<number> {
  const output = new Output(options.json === true);
  const { runsFolder } = await placesOf(options.out);
  const folder = await findRun(run, runsFolder);
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
  const aligned = alignment(groups.map((group) => confidencesIn(group, material)));
  const inQuadrants = quadrants(groups.map((group) => ({ problem: group.problem, group })));
  const theory = theoryOf(columns);
  const ending = endingOf(columns, reward ?? OTHER_REWARD);
  const forecast = forecastPart(columns, groups, problems);
  output.print(`Confidence vs. correctness: ${plural(groups.length, 'problem')}, ${material.phase}, step ${at}`);
  output.print(material.otherPhases === null ? '' : `${material.otherPhases}\n`);
  const labeled = aligned.length > 0;
  const sections = [
    labeled
      ? `${alignmentTable(aligned)}\n\n${quadrantTable(inQuadrants, problems)}`
      : 'No labels: correctness is unknown.',
    atKTable(groups),
    optimumText(groups, optima, beta),
    theory && theoryText(theory),
    ending && endingText(ending, material.reward ?? 'the reward'),
    forecast?.text ?? withoutForecast(material.config),
  ];
  output.print(sections.filter(Boolean).join('\n\n'));
  output.result({
    folder,
    phase: material.phase,
    step: at,
    alignment: aligned,
    quadrants: Object.fromEntries(PLACES.map((name) => [name, inQuadrants[name].map((index) => problems[index]!.id)])),
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

/** How confident the policy is of each rollout of a group, and of its answer. */
function confidencesIn(group: GroupDetail, { grading }: RunMaterial) {
  return confidencesOf(
    group,
    group.rollouts.map(({ statistics }) => statistics),
    group.rollouts.map((rollout) => answerTokens(rollout, graderOf(grading))),
  );
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
