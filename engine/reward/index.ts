/** All rewards by name, and the reward of a run: one of them, a weighted sum, or one gated by another. */
import { AUTOMATIC, type Grader } from '../grading/index.ts';
import type { RewardOptionsInput } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { parseReward, rewardsIn } from '../protocol/reward-expression.ts';
import { combinedScores } from './combine.ts';
import type { EvidenceSource } from './evidence.ts';
import { ownOptions, rewardOptionsOf } from './options.ts';
import { REWARDS, rewardNamed } from './registry.ts';
import { saysRight } from './says-right.ts';
import type { LabeledGroup, Reward, Scores } from './types.ts';

export type * from './evidence.ts';
export { RewardOptions, rewardOptionsOf } from './options.ts';
export { REWARDS, type RewardName, rewards } from './registry.ts';
export * from './types.ts';

/** The reward of a run: what a reward expression asks for and how it scores a group. */
export interface RunReward {
  /** The expression. */
  text: string;
  /** The rewards in it, each once. */
  parts: readonly Reward[];
  /** Some part reads labels, or its program may. */
  labels: boolean;
  /** Whether a reward of at least one half claims that the answer is correct. */
  saysRight: boolean;
  /** Some part runs programs. */
  executes: boolean;
  /** Names of the parts for which evidence must be gathered before `score`. */
  evidence: readonly string[];
  /** Policies that are sampled in addition to the one being trained. */
  policies: readonly string[];
  /** Columns of the data that it reads; `*` stands for all. */
  columns: { required: string[]; optional: string[] };
  /** Some part's questions are put by the template of the data. */
  throughTemplate: boolean;
  /** One sentence: the formula of its part, or the expression. */
  formula: string;
  /** Throws RollscopeError `config` where the options of a part lack what it must be told. */
  check(): void;
  /**
   * Rewards of a group. What comes from labels is removed before a label-free part is asked.
   * @throws RollscopeError `config` or `dataset` where options or columns do not suit
   */
  score(group: LabeledGroup): Scores;
}

/** Reads a reward expression. Throws RollscopeError `config` for one that cannot be read or names no reward. */
export function rewardOf(text: string, rewardOptions: RewardOptionsInput): RunReward {
  const options = rewardOptionsOf({ rewardOptions });
  const expression = parseReward(text, REWARDS);
  const parts = rewardsIn(expression).map(rewardNamed);
  const columns = parts.map((part) => part.columns?.(ownOptions(part, options)) ?? {});
  return {
    text,
    parts,
    labels: parts.some((part) => part.labels || part.readsLabels?.(ownOptions(part, options)) === true),
    saysRight: saysRight(text),
    executes: parts.some(({ executes }) => executes === true),
    evidence: parts.filter((part) => needsEvidence(part, ownOptions(part, options))).map(({ name }) => name),
    policies: [...new Set(parts.flatMap((part) => part.policies?.(ownOptions(part, options)) ?? []))],
    columns: {
      required: [...new Set(columns.flatMap(({ required }) => required ?? []))],
      optional: [...new Set(columns.flatMap(({ optional }) => optional ?? []))],
    },
    throughTemplate: parts.some(({ throughTemplate }) => throughTemplate === true),
    formula: parts.length === 1 ? parts[0]!.formula : text,
    check: () => {
      for (const part of parts) part.check?.(ownOptions(part, options));
    },
    score: (group) => withRule(combinedScores(expression, group, options), group.grader),
  };
}

/**
 * The reward of a stored run; null for one that this version does not know, such as a reward of a newer version. What
 * else the run says can be read all the same.
 */
export function storedReward({
  reward,
  rewardOptions,
}: {
  reward: string;
  rewardOptions: RewardOptionsInput;
}): RunReward | null {
  try {
    return rewardOf(reward, rewardOptions);
  } catch (error) {
    if (error instanceof RollscopeError && error.code === 'config') return null;
    throw error;
  }
}

/** Whether a reward needs more than the rollouts, with these options of its own. */
export function needsEvidence({ evidence }: Reward, options: Record<string, never>): boolean {
  return evidence !== undefined && (evidence as EvidenceSource<unknown, unknown>).when?.(options) !== false;
}

/** How the evidence of a reward is gathered in a run. */
export interface RunEvidence {
  source: EvidenceSource<unknown, unknown>;
  /** The reward's own options. */
  options: unknown;
  /** Whether what gathers it is given labels. */
  labels: boolean;
}

/** How the evidence of one of `RunReward.evidence` is gathered. */
export function evidenceFor(name: string, config: { rewardOptions: RewardOptionsInput }): RunEvidence {
  const reward = rewardNamed(name);
  const options = ownOptions(reward, rewardOptionsOf(config));
  return {
    source: reward.evidence as EvidenceSource<unknown, unknown>,
    options,
    labels: !reward.labels && reward.readsLabels?.(options) === true,
  };
}

/** A reward's own options if none were given. */
export function defaultOptions(reward: Reward): Record<string, never> {
  return ownOptions(reward, rewardOptionsOf({ rewardOptions: {} }));
}

/** Where answers are not found and compared as usual, the reasons of rewards say how they are. */
function withRule(scores: Scores, grader: Grader): Scores {
  const { answer, compare } = grader.rules;
  if (answer === AUTOMATIC.answer && compare === AUTOMATIC.compare) return scores;
  const how = `answer: ${answer}, compared as ${compare}`;
  return {
    ...scores,
    explain: (index) =>
      scores.explain(index).map((part, i) => (i === 0 ? { ...part, text: `${part.text} (${how})` } : part)),
  };
}
