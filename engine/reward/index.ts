/** All rewards by name, and the reward of a run: one of them, a weighted sum, or one gated by another. */
import { REWARDS, type RewardName, type RewardOptions } from '../protocol/config.ts';
import type { EvidenceKind } from '../protocol/evidence.ts';
import { parseReward, type RewardExpression, rewardsIn, saysRight } from '../protocol/reward-expression.ts';
import { probability, probabilityDisparity, selfCertainty, tokenEntropy, trajectoryEntropy } from './certainty.ts';
import { coReward } from './co-reward.ts';
import { countdown } from './countdown.ts';
import { covo } from './covo.ts';
import { dual } from './dual.ts';
import { empo } from './empo.ts';
import { groundTruth } from './ground-truth.ts';
import { integral } from './integral.ts';
import { majorityVote } from './majority-vote.ts';
import { nextToken } from './next-token.ts';
import { custom, lean, program } from './programs.ts';
import { rlccf } from './rlccf.ts';
import { selfVerification } from './self-verification.ts';
import { shortNumber } from './text.ts';
import type { LabelledGroup, Part, Reward, Scores } from './types.ts';

export { majorityOf } from './majority-vote.ts';
export * from './types.ts';

/** One entry a name that a configuration may ask for: a missing one does not compile. */
const REGISTRY: Record<RewardName, Reward> = {
  'majority-vote': majorityVote,
  'co-reward': coReward,
  rlccf,
  empo,
  covo,
  'self-certainty': selfCertainty,
  'token-entropy': tokenEntropy,
  'trajectory-entropy': trajectoryEntropy,
  probability,
  'probability-disparity': probabilityDisparity,
  'self-verification': selfVerification,
  countdown,
  integral,
  'next-token': nextToken,
  dual,
  program,
  lean,
  custom,
  'ground-truth': groundTruth,
};

/** All rewards, in the order of the configuration's list. */
export const rewards: readonly Reward[] = REWARDS.map((name) => REGISTRY[name]);

/** The reward of a run: what a reward expression asks for and how it scores a group. */
export interface RunReward {
  /** The expression. */
  text: string;
  /** The rewards in it, each once. */
  parts: readonly Reward[];
  /** Some part reads labels. */
  labels: boolean;
  /** Half or more of it says that the answer is right. */
  saysRight: boolean;
  /** Some part runs programs. */
  executes: boolean;
  /** What must be gathered before `score`. */
  evidence: readonly EvidenceKind[];
  /** Columns of the data that it reads; `*` stands for all. */
  columns: { required: string[]; optional: string[] };
  /** One sentence: the formula of its part, or the expression. */
  formula: string;
  /**
   * Rewards of a group. What comes from labels is removed before a label-free part is asked.
   * @throws RollscopeError `config` or `dataset` where options or columns do not suit
   */
  score(group: LabelledGroup): Scores;
}

/** Reads a reward expression. Throws RollscopeError `config` for one that cannot be read or names no reward. */
export function rewardOf(text: string, options: RewardOptions): RunReward {
  const expression = parseReward(text, REWARDS);
  const parts = rewardsIn(expression).map((name) => REGISTRY[name]);
  const columns = parts.map((part) => part.columns?.(options) ?? {});
  return {
    text,
    parts,
    labels: parts.some(({ labels }) => labels),
    saysRight: saysRight(text),
    executes: parts.some(({ executes }) => executes === true),
    evidence: parts.flatMap((part) => part.evidence?.(options) ?? []),
    columns: {
      required: [...new Set(columns.flatMap(({ required }) => required ?? []))],
      optional: [...new Set(columns.flatMap(({ optional }) => optional ?? []))],
    },
    formula: parts.length === 1 ? parts[0]!.formula : text,
    score: (group) => evaluate(expression, group, options),
  };
}

function scoreOne(reward: Reward, group: LabelledGroup, options: RewardOptions): Scores {
  if (reward.labels) return reward.compute(group, options);
  const { problem, rollouts, answers, clusters, vocabulary, evidence } = group;
  return reward.compute(
    {
      problem: { prompt: problem.prompt, ...(problem.columns && { columns: problem.columns }) },
      rollouts,
      answers,
      clusters: clusters.map(({ answer, members }) => ({ answer, members })),
      vocabulary,
      evidence,
    },
    options,
  );
}

/**
 * A sum weighs the rewards as they are; a gate lets `of` through where `by` is above its bound and
 * gives 0 elsewhere, or the group's least where `of` is below 0: a closed gate must not be worth more than an open one.
 * A group that one part leaves out of training is left out. A part's `basis` counts only where it is the whole reward:
 * sums and gates are taken of the rewards.
 */
function evaluate(expression: RewardExpression<RewardName>, group: LabelledGroup, options: RewardOptions): Scores {
  if (expression.kind === 'reward') return scoreOne(REGISTRY[expression.name], group, options);
  const skipOf = (scores: readonly Scores[]) => {
    const skip = scores.find((s) => s.skip !== undefined)?.skip;
    return skip === undefined ? {} : { skip };
  };
  const result = (reward: number): Part => ({ kind: 'result', reward, text: `reward ${shortNumber(reward)}` });
  if (expression.kind === 'sum') {
    const terms = expression.terms.map(({ weight, of }) => ({ weight, of, scores: evaluate(of, group, options) }));
    const rewards = group.answers.map((_, i) =>
      terms.reduce((total, { weight, scores }) => total + weight * scores.rewards[i]!, 0),
    );
    return {
      rewards,
      ...skipOf(terms.map(({ scores }) => scores)),
      explain: (index) => [
        ...terms.flatMap(({ weight, of, scores }) => [
          ...within(scores.explain(index)),
          component(of, weight, scores.rewards[index]!),
        ]),
        result(rewards[index]!),
      ],
    };
  }
  const of = evaluate(expression.of, group, options);
  const by = evaluate(expression.by, group, options);
  const open = by.rewards.map((value) => value > expression.above);
  const closed = Math.min(0, ...of.rewards);
  const rewards = of.rewards.map((value, i) => (open[i] ? value : closed));
  return {
    rewards,
    ...skipOf([of, by]),
    explain: (index) => [
      ...within(by.explain(index)),
      {
        kind: 'check',
        passed: open[index]!,
        text: `the gate ${nameOf(expression.by)} is ${shortNumber(by.rewards[index]!)}, ${open[index] ? 'above' : 'not above'} ${expression.above}`,
      },
      ...(open[index]
        ? [...within(of.explain(index)), component(expression.of, 1, of.rewards[index]!)]
        : [{ kind: 'number' as const, name: 'closed', value: closed, text: `which gives ${shortNumber(closed)}` }]),
      result(rewards[index]!),
    ],
  };
}

/** The parts of a component, without its own result. */
function within(parts: readonly Part[]): Part[] {
  return parts.filter(({ kind }) => kind !== 'result');
}

function component(of: RewardExpression<RewardName>, weight: number, value: number): Part {
  const [reward] = rewardsIn(of);
  const times = weight === 1 ? '' : `${weight} x `;
  return { kind: 'component', reward: reward!, weight, value, text: `${times}${nameOf(of)} ${shortNumber(value)}` };
}

function nameOf(expression: RewardExpression<RewardName>): string {
  return expression.kind === 'reward' ? expression.name : rewardsIn(expression).join(' with ');
}
