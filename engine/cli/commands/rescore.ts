/** `rollscope rescore`: other rewards on the stored rollouts, without the model. */
import { hasReference, REWARDED } from '../../analysis/metrics.ts';
import { compareRewards, type Rescored, type RescoredGroup } from '../../analysis/rescore.ts';
import { plural } from '../../protocol/format.ts';
import { RollscopeError } from '../../protocol/index.ts';
import { LOSS } from '../../protocol/settings/loss.ts';
import { originText } from '../../protocol/texts.ts';
import { rewardOf } from '../../reward/index.ts';
import { groupOf, rejudged } from '../../reward/stored.ts';
import { advantages } from '../../training/advantages.ts';
import { type AnswerOptions, graderFor } from '../answers.ts';
import { type RunMaterial, readGroups } from '../groups.ts';
import { wholeNumber } from '../options.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { meaning, recordedName, recordedScores, toScore } from '../rescore/rewards.ts';
import { conclusion, pairTable, rewardTable, winners } from '../rescore/tables.ts';
import { findRun } from '../runs.ts';
import { computeHint, isMended, withComputeHint } from '../statistics/hint.ts';

export interface RescoreOptions extends AnswerOptions {
  reward?: string[];
  phase?: string;
  step?: string;
  problem?: string;
  out?: string;
  json?: boolean;
}

export async function rescore(run: string, options: RescoreOptions): Promise<number> {
  const output = new Output(options.json === true);
  const { runsFolder } = await placesOf(options.out);
  const folder = await findRun(run, runsFolder);
  const material = await readGroups(folder, { phase: options.phase, step: wholeNumber('--step', options.step) });
  const { config, grading, problems, vocabulary, phase } = material;
  // A reward of another trainer cannot be computed here: what it gave is what the others are compared with.
  const recorded = config ? null : recordedName(material.reward);
  const named = options.reward ?? [];
  const rewards = toScore(config?.reward ?? null, named).map((text) => rewardOf(text, config?.rewardOptions ?? {}));
  const required = new Set(named.map(meaning));
  const only = options.problem === undefined ? null : problems.find(({ id }) => id === options.problem);
  if (only === undefined) {
    throw new RollscopeError(
      'usage',
      `The run has no problem '${options.problem}'.`,
      `Its first id is ${problems[0]?.id}.`,
      { details: { reason: 'unknown-problem', field: '--problem', value: options.problem } },
    );
  }
  // with a rule, answers are extracted again from the stored texts
  const again = options.answer !== undefined || options.compare !== undefined;
  const grader = again
    ? graderFor({
        ...grading,
        ...(options.answer !== undefined && { answer: options.answer }),
        ...(options.compare !== undefined && { compare: options.compare }),
      })
    : null;
  let answered = 0;
  let rollouts = 0;
  const groups: RescoredGroup[] = [];
  const impossible = new Map<string, string>();
  const given = new Set<string>();
  let lacksStatistics = false;
  for (const record of material.groups) {
    if (only && record.problem !== only.index) continue;
    const problem = problems[record.problem]!;
    const stored = await material.detail(record);
    const detail = grader ? rejudged(stored, problem, grader) : stored;
    const group = groupOf(detail, problem, vocabulary, grader?.rules ?? grading);
    answered += detail.rollouts.filter(({ answer }) => answer !== null).length;
    rollouts += detail.rollouts.length;
    const scores: Record<string, Rescored> = recorded === null ? {} : recordedScores(recorded, detail);
    for (const name of Object.keys(scores)) given.add(name);
    for (const reward of rewards) {
      if (impossible.has(reward.text)) continue;
      // Its 0 for a problem without a reference is not a measurement.
      if (!hasReference(detail) && reward.parts.some(({ labels }) => labels)) continue;
      try {
        const { rewards: values, basis } = reward.score(group);
        scores[reward.text] = { rewards: values, ...(basis && { basis }) };
      } catch (error) {
        if (!(error instanceof RollscopeError)) throw error;
        // A reward that was named must work; of the others, those that can be computed are shown.
        if (required.has(meaning(reward.text))) throw config ? error : withComputeHint(error, run);
        impossible.set(reward.text, error.message);
        lacksStatistics ||= isMended(error);
      }
    }
    groups.push({ problem: record.problem, step: record.step, group: detail, rewards: scores });
  }
  const computed = rewards.filter(({ text }) => !impossible.has(text));
  const found = compareRewards(groups, [...given, ...computed.map(({ text }) => text)], {
    advantages: (values) => advantages(config?.loss.advantage ?? USUAL_ADVANTAGE, values),
    thresholds: Object.fromEntries(computed.filter((one) => one.saysRight).map(({ text }) => [text, REWARDED])),
  });
  output.print(`${plural(groups.length, 'group')} (${phase}); ${trainedWith(material)}`);
  output.print(material.otherPhases === null ? '' : `${material.otherPhases}\n`);
  if (grader) {
    const { answer, compare } = grader.rules;
    output.print(`Answers by ${answer}, compared as ${compare}: found in ${answered} of ${rollouts} rollouts.\n`);
  }
  output.print(rewardTable(found));
  if (found.pairs.length > 0) output.print(`\n${pairTable(found, config?.reward ?? recorded!)}`);
  if (only) output.print(`\n${winners(groups, [...given, ...computed.map(({ text }) => text)])}`);
  output.print(`\n${conclusion(found)}`);
  const unlabeled = found.rewards.filter(({ groups: of }) => of === 0).map((one) => one.reward);
  if (unlabeled.length > 0) {
    output.note(`Not computed: ${unlabeled.join(', ')}. ${NO_REFERENCES}`);
  }
  if (impossible.size > 0) {
    const names = [...impossible.keys()].join(', ');
    output.note(
      `Not computed: ${names}. They need token statistics, model calls, programs or columns that were not recorded (--json gives the reasons).`,
    );
  }
  if (!config && lacksStatistics) output.note(computeHint(run));
  output.result({
    folder,
    phase,
    groups: groups.length,
    ...(grader && { grading: grader.rules, answered, rollouts }),
    trainedBy: material.reward,
    ...found,
    notComputed: {
      ...Object.fromEntries(impossible),
      ...Object.fromEntries(unlabeled.map((name) => [name, NO_REFERENCES])),
    },
    ...(only && { byGroup: groups.map(numbersOf) }),
  });
  return EXIT.ok;
}

/** Why a reward that reads labels has no numbers. */
const NO_REFERENCES = 'No problem of these groups has a reference answer.';

/** Where another trainer does not say how it estimated advantages. */
const USUAL_ADVANTAGE = LOSS.fields.advantage.default!;

function trainedWith({ config, reward, origin }: RunMaterial): string {
  if (config) return `the run was trained with ${reward}.`;
  return `imported from ${originText(origin)}, trained with ${reward ?? 'a reward that was not recorded'}.`;
}

/** A group's rewards as numbers, by reward. */
function numbersOf({ problem, step, rewards }: RescoredGroup) {
  const numbers = Object.entries(rewards).map(([name, scores]) => [name, scores?.rewards ?? null] as const);
  return { problem, step, rewards: Object.fromEntries(numbers) };
}
