/** All rewards by name, and the reward of a run: one of them, a weighted sum, or one gated by another. */
import { AUTOMATIC, type Grader } from '../grading/index.ts';
import type { GivenRewardOptions } from '../protocol/config.ts';
import type { EvidenceKind } from '../protocol/evidence.ts';
import { shortNumber } from '../protocol/format.ts';
import { parseReward, type RewardExpression, rewardsIn } from '../protocol/reward-expression.ts';
import { optionsKey } from './option-tree.ts';
import { type RewardOptions, rewardOptionsOf } from './options.ts';
import { REWARDS, type RewardName, rewardNamed, rewards } from './registry.ts';
import type { LabeledGroup, Part, Reward, Scores } from './types.ts';

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
  /** Half or more of it says that the answer is right. */
  saysRight: boolean;
  /** Some part runs programs. */
  executes: boolean;
  /** What must be gathered before `score`. */
  evidence: readonly EvidenceKind[];
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
export function rewardOf(text: string, rewardOptions: GivenRewardOptions): RunReward {
  const options = rewardOptionsOf({ rewardOptions });
  const expression = parseReward(text, REWARDS);
  const parts = rewardsIn(expression).map(rewardNamed);
  const columns = parts.map((part) => part.columns?.(own(part, options)) ?? {});
  return {
    text,
    parts,
    labels: parts.some((part) => part.labels || part.readsLabels?.(own(part, options)) === true),
    saysRight: saysRight(text),
    executes: parts.some(({ executes }) => executes === true),
    evidence: parts.flatMap((part) => part.evidence?.(own(part, options)) ?? []),
    policies: [...new Set(parts.flatMap((part) => part.policies?.(own(part, options)) ?? []))],
    columns: {
      required: [...new Set(columns.flatMap(({ required }) => required ?? []))],
      optional: [...new Set(columns.flatMap(({ optional }) => optional ?? []))],
    },
    throughTemplate: parts.some(({ throughTemplate }) => throughTemplate === true),
    formula: parts.length === 1 ? parts[0]!.formula : text,
    check: () => {
      for (const part of parts) part.check?.(own(part, options));
    },
    score: (group) => withRule(evaluate(expression, group, options), group.grader),
  };
}

/** A reward's own options where nothing was given. */
export function defaultOptions(reward: Reward): Record<string, never> {
  return own(reward, rewardOptionsOf({ rewardOptions: {} }));
}

/** Where answers are not found and compared as usual, the reasons of rewards say how they are. */
function withRule(scores: Scores, grader: Grader | undefined): Scores {
  const { answer, compare } = grader?.rules ?? AUTOMATIC;
  if (answer === AUTOMATIC.answer && compare === AUTOMATIC.compare) return scores;
  const how = `answer: ${answer}, compared as ${compare}`;
  return {
    ...scores,
    explain: (index) =>
      scores.explain(index).map((part, i) => (i === 0 ? { ...part, text: `${part.text} (${how})` } : part)),
  };
}

/** The options of one reward. */
function own({ name }: Reward, options: RewardOptions): Record<string, never> {
  return ((options as Record<string, unknown>)[optionsKey(name)] ?? {}) as Record<string, never>;
}

/**
 * Whether a reward says right or wrong, so that it can be right itself: one that is a matter of correctness, alone or
 * behind a gate. A sum says neither; nor does what cannot be read, or names a reward of another version or trainer.
 */
export function saysRight(text: string): boolean {
  let judged: RewardExpression;
  try {
    judged = parseReward(text);
  } catch {
    return false;
  }
  while (judged.kind === 'gate') judged = judged.of;
  if (judged.kind !== 'reward') return false;
  const { name } = judged;
  return rewards.some((reward) => reward.name === name && reward.scale === 'correctness');
}

function scoreOne(reward: Reward, group: LabeledGroup, options: RewardOptions): Scores {
  if (reward.labels) return reward.compute(group, own(reward, options));
  const { problem, rollouts, answers, clusters, vocabulary, evidence, grader } = group;
  return reward.compute(
    {
      problem: { text: problem.text, ...(problem.columns && { columns: problem.columns }) },
      rollouts,
      answers,
      clusters: clusters.map(({ answer, members }) => ({ answer, members })),
      vocabulary,
      ...(grader && { grader }),
      evidence,
    },
    own(reward, options),
  );
}

/**
 * A sum weighs the rewards as they are; a gate lets `of` through where `by` is above its bound and
 * gives 0 elsewhere, or the group's least where `of` is below 0: a closed gate must not be worth more than an open one.
 * A group that one part leaves out of training is left out. A part's `basis` counts only where it is the whole reward:
 * sums and gates are taken of the rewards.
 */
function evaluate(expression: RewardExpression<RewardName>, group: LabeledGroup, options: RewardOptions): Scores {
  if (expression.kind === 'reward') return scoreOne(rewardNamed(expression.name), group, options);
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
      components: componentsOf(terms),
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
    components: componentsOf([
      { of: expression.by, scores: by },
      { of: expression.of, scores: of },
    ]),
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

/** Values of all single rewards in an expression; of one that stands in it twice, they are the same. */
function componentsOf(parts: readonly { of: RewardExpression<RewardName>; scores: Scores }[]): Scores['components'] {
  return Object.assign({}, ...parts.map(({ of, scores }) => scores.components ?? { [nameOf(of)]: scores.rewards }));
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
