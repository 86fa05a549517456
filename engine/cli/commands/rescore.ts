/** `rollscope rescore`: applies other rewards to the stored rollouts, without the model. */
import { CORRECT_REWARD } from '../../analysis/metrics.ts';
import { compareRewards, type RescoredGroup, type Rescoring } from '../../analysis/rescore.ts';
import type { Grader } from '../../grading/index.ts';
import { integer, plural } from '../../protocol/format.ts';
import { RollscopeError } from '../../protocol/index.ts';
import type { Problem } from '../../protocol/problem.ts';
import { LOSS } from '../../protocol/settings/loss.ts';
import { originText } from '../../protocol/texts.ts';
import { findById } from '../../protocol/well-formed.ts';
import { advantages } from '../../training/advantages.ts';
import { type AnswerOptions, graderFor } from '../answers.ts';
import { type RunMaterial, readGroups } from '../groups.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { recordedName } from '../rescore/rewards.ts';
import { type RunScores, scoresOf } from '../rescore/scores.ts';
import { conclusionText, pairTable, rewardTable, winnersTable } from '../rescore/tables.ts';
import { findRun } from '../runs.ts';
import { computeHint } from '../statistics/hint.ts';
import { wholeNumber } from '../values.ts';

export interface RescoreOptions extends AnswerOptions {
  reward?: string[];
  phase?: string;
  step?: string;
  problem?: string;
  out?: string;
  json?: boolean;
}

/** Prints the comparison. @returns the exit code */
export async function rescore(run: string, options: RescoreOptions): Promise<number> {
  const output = new Output(options.json === true);
  const { runsFolder } = await placesOf(options.out);
  const folder = await findRun(run, runsFolder);
  const material = await readGroups(folder, { phase: options.phase, step: wholeNumber('--step', options.step) });
  const only = problemOf(material, options.problem);
  const grader = newGrader(material, options);
  const scores = await scoresOf(material, { run, named: options.reward ?? [], only, grader });
  const { groups, names, computed } = scores;
  const found = compareRewards(groups, names, {
    advantages: (values) => advantages(material.config?.loss.advantage ?? USUAL_ADVANTAGE, values),
    thresholds: Object.fromEntries(computed.filter((item) => item.saysRight).map(({ text }) => [text, CORRECT_REWARD])),
  });
  const oneStep = options.step !== undefined;
  const compared: Compared = { run, material, only, oneStep, grader, scores, found };
  print(output, compared);
  output.result({ folder, ...resultOf(compared) });
  return EXIT.ok;
}

/** The data to print. */
interface Compared {
  /** The run as the user named it. */
  run: string;
  material: RunMaterial;
  only: Problem | null;
  oneStep: boolean;
  grader: Grader | null;
  scores: RunScores;
  found: Rescoring;
}

/** @throws RollscopeError `usage` for an unknown problem id */
function problemOf({ problems }: RunMaterial, wanted: string | undefined): Problem | null {
  if (wanted === undefined) return null;
  const found = findById(problems, wanted);
  if (found) return found;
  throw new RollscopeError('usage', `The run has no problem '${wanted}'.`, `Its first id is ${problems[0]?.id}.`, {
    details: { reason: 'unknown-problem', field: '--problem', value: wanted },
  });
}

/** A grader that extracts answers from the stored texts again, if a rule or comparison is given; else null. */
function newGrader({ grading }: RunMaterial, { answer, compare }: RescoreOptions): Grader | null {
  if (answer === undefined && compare === undefined) return null;
  return graderFor({ ...grading, ...(answer !== undefined && { answer }), ...(compare !== undefined && { compare }) });
}

function print(output: Output, { run, material, only, grader, scores, found }: Compared): void {
  const { groups, names, impossible } = scores;
  output.print(`${plural(groups.length, 'group')} (${material.phase}); ${trainedWith(material)}`);
  output.print(material.chosenGroups === null ? '' : `${material.chosenGroups}\n`);
  if (grader) {
    const { answer, compare } = grader.rules;
    output.print(
      `Answers by ${answer}, compared as ${compare}: found in ${integer(scores.answered)} of ${plural(scores.rollouts, 'rollout')}.\n`,
    );
  }
  output.print(rewardTable(found));
  if (found.pairs.length > 0) {
    const { config, reward } = material;
    const trained = config && names.includes(config.reward) ? config.reward : recordedName(reward);
    output.print(`\n${pairTable(found, trained)}`);
  }
  if (only) output.print(`\n${winnersTable(groups, names)}`);
  output.print(`\n${conclusionText(found)}`);
  const unlabeled = unlabeledOf(found);
  if (unlabeled.length > 0) {
    output.note(`Not computed: ${unlabeled.join(', ')}. ${NO_REFERENCES}`);
  }
  if (impossible.size > 0) {
    output.note(
      `Not computed: ${[...impossible.keys()].join(', ')}. They need token statistics, model calls, programs or columns that were not recorded (--json gives the reasons).`,
    );
  }
  if (!material.config && scores.lacksStatistics) output.note(computeHint(run));
}

function resultOf({ material, only, oneStep, grader, scores, found }: Compared) {
  const { groups, impossible, answered, rollouts } = scores;
  const { byGroup, ...compared } = found;
  return {
    phase: material.phase,
    groups: groups.length,
    ...(grader && { grading: grader.rules, answered, rollouts }),
    trainedBy: material.reward,
    ...compared,
    notComputed: {
      ...Object.fromEntries(impossible),
      ...Object.fromEntries(unlabeledOf(found).map((name) => [name, NO_REFERENCES])),
    },
    ...((only || oneStep) && {
      byGroup: groups.map((group, i) => ({ ...numbersOf(group), scores: byGroup[i]!.scores })),
    }),
  };
}

/** Rewards that were not computed for any group, since they read labels. */
function unlabeledOf({ rewards }: Rescoring): string[] {
  return rewards.filter(({ groups }) => groups === 0).map(({ reward }) => reward);
}

/** Why a reward that reads labels has no values. */
const NO_REFERENCES = 'No problem of these groups has a reference answer.';

/** If another trainer did not record its advantage estimator. */
const USUAL_ADVANTAGE = LOSS.fields.advantage.default!;

function trainedWith({ config, reward, origin }: RunMaterial): string {
  if (config)
    return config.job === 'probe' ? `the reward of the run is ${reward}.` : `the run was trained with ${reward}.`;
  return `imported from ${originText(origin)}, trained with ${reward ?? 'a reward that was not recorded'}.`;
}

/** The reward values of a group, by reward. */
function numbersOf({ problem, step, rewards }: RescoredGroup) {
  const numbers = Object.entries(rewards).map(([name, scores]) => [name, scores?.rewards ?? null] as const);
  return { problem, step, rewards: Object.fromEntries(numbers) };
}
