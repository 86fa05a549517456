/** `rollscope analyze`: analyze a run: confidence vs. correctness, theory vs. measurement, outcome. */
import { alignment, quadrants } from '../../analysis/alignment.ts';
import { optimum } from '../../analysis/optimum.ts';
import { problemMetrics } from '../../analysis/problem-metrics.ts';
import { plural } from '../../protocol/format.ts';
import { OPTIMUM_BETA } from '../../protocol/settings/optimum.ts';
import { PLACES } from '../../protocol/verdict.ts';
import { storedReward } from '../../reward/index.ts';
import { classifyEnding, endingText } from '../analyze/ending.ts';
import { confidencesIn, rewardsIn } from '../analyze/group.ts';
import { alignmentTable, atKTable, forecastPart, optimumText, quadrantTable } from '../analyze/tables.ts';
import { theoryOf, theoryText } from '../analyze/theory.ts';
import { noForecastReason } from '../forecast.ts';
import { readGroups } from '../groups.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { findRun } from '../runs.ts';
import { decimal, wholeNumber } from '../values.ts';

export interface AnalyzeOptions {
  beta?: string;
  phase?: string;
  step?: string;
  out?: string;
  json?: boolean;
}

/** Whether another trainer's reward judges correctness is unknown. */
const OTHER_REWARD = { saysRight: false };

/** Prints the analysis. @returns the exit code */
export async function analyze(run: string, options: AnalyzeOptions): Promise<number> {
  const output = new Output(options.json === true);
  const { runsFolder } = await placesOf(options.out);
  const folder = await findRun(run, runsFolder);
  const step = wholeNumber('--step', options.step);
  const material = await readGroups(folder, { phase: options.phase, step });
  const { columns, problems } = material;
  // Confidence is defined for one policy, so one step is used: the first by default.
  const at = step ?? material.groups[0]!.step;
  const found = material.groups.filter((group) => group.step === at);
  const groups = await Promise.all(found.map(material.detail));
  // The temperature of the KL-regularized optimum.
  const beta = decimal('--beta', options.beta, { above: 0 }) ?? OPTIMUM_BETA;
  const reward = material.config && storedReward(material.config);
  const optima = groups.map((group) => optimum(group, rewardsIn(group, material, reward), beta));
  const aligned = alignment(groups.map((group) => confidencesIn(group, material)));
  const inQuadrants = quadrants(groups.map((group) => ({ problem: group.problem, group })));
  const theory = theoryOf(columns);
  const ending = classifyEnding(columns, reward ?? OTHER_REWARD);
  const forecast = forecastPart(columns, groups, problems);
  output.print(`Confidence vs. correctness: ${plural(groups.length, 'problem')}, ${material.phase}, step ${at}`);
  output.print(material.chosenGroups === null ? '' : `${material.chosenGroups}\n`);
  const labeled = aligned.length > 0;
  const sections = [
    labeled
      ? `${alignmentTable(aligned)}\n\n${quadrantTable(inQuadrants, problems)}`
      : 'No labels: correctness is unknown.',
    atKTable(groups),
    optimumText(groups, optima, beta),
    theory && theoryText(theory),
    ending && endingText(ending, material.reward ?? 'the reward'),
    forecast?.text ?? noForecastReason(material.config),
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
