/**
 * The rewards of a group under an expression: one reward, a weighted sum, or one gated by another. What comes from labels
 * is removed before a label-free reward is asked.
 */
import { shortNumber } from '../protocol/format.ts';
import { type RewardExpression, rewardsIn } from '../protocol/reward-expression.ts';
import { evidenceOf } from './evidence.ts';
import { ownOptions, type RewardOptions } from './options.ts';
import { type RewardName, rewardNamed } from './registry.ts';
import type { LabeledGroup, Part, Reward, Scores } from './types.ts';

function scoreOne(reward: Reward, group: LabeledGroup, options: RewardOptions): Scores {
  if (reward.labels) return reward.compute(group, ownOptions(reward, options));
  const { problem, rollouts, answers, clusters, vocabulary, evidence, grader } = group;
  return reward.compute(
    {
      problem: { text: problem.text, ...(problem.columns && { columns: problem.columns }) },
      rollouts,
      answers,
      clusters: clusters.map(({ answer, members }) => ({ answer, members })),
      vocabulary,
      grader,
      evidence,
    },
    ownOptions(reward, options),
    () => evidenceOf(reward.name, reward.evidence!.shape, evidence),
  );
}

/**
 * A sum weighs the rewards as they are; a gate lets `of` through where `by` is above its bound and
 * gives 0 elsewhere, or the group's least where `of` is below 0: a closed gate must not be worth more than an open one.
 * A group that one part leaves out of training is left out. A part's `basis` counts only where it is the whole reward:
 * sums and gates are taken of the rewards.
 */
export function combinedScores(
  expression: RewardExpression<RewardName>,
  group: LabeledGroup,
  options: RewardOptions,
): Scores {
  if (expression.kind === 'reward') return scoreOne(rewardNamed(expression.name), group, options);
  const skipOf = (scores: readonly Scores[]) => {
    const skip = scores.find((s) => s.skip !== undefined)?.skip;
    return skip === undefined ? {} : { skip };
  };
  const result = (reward: number): Part => ({ kind: 'result', reward, text: `reward ${shortNumber(reward)}` });
  if (expression.kind === 'sum') {
    const terms = expression.terms.map(({ weight, of }) => ({
      weight,
      of,
      scores: combinedScores(of, group, options),
    }));
    const rewards = group.answers.map((_, i) =>
      terms.reduce((total, { weight, scores }) => total + weight * scores.rewards[i]!, 0),
    );
    return {
      rewards,
      components: componentsOf(terms),
      ...skipOf(terms.map(({ scores }) => scores)),
      explain: (index) => [
        ...terms.flatMap(({ weight, of, scores }) => [
          ...withoutOwnResult(scores.explain(index)),
          component(of, weight, scores.rewards[index]!),
        ]),
        result(rewards[index]!),
      ],
    };
  }
  const of = combinedScores(expression.of, group, options);
  const by = combinedScores(expression.by, group, options);
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
      ...withoutOwnResult(by.explain(index)),
      {
        kind: 'check',
        passed: open[index]!,
        text: `the gate ${nameOf(expression.by)} is ${shortNumber(by.rewards[index]!)}, ${open[index] ? 'above' : 'not above'} ${expression.above}`,
      },
      ...(open[index]
        ? [...withoutOwnResult(of.explain(index)), component(expression.of, 1, of.rewards[index]!)]
        : [
            {
              kind: 'number' as const,
              name: 'closed',
              value: closed,
              text: `a closed gate gives ${shortNumber(closed)}`,
            },
          ]),
      result(rewards[index]!),
    ],
  };
}

/** Values of all individual rewards in an expression; if one occurs twice, the values are the same. */
function componentsOf(parts: readonly { of: RewardExpression<RewardName>; scores: Scores }[]): Scores['components'] {
  return Object.assign({}, ...parts.map(({ of, scores }) => scores.components ?? { [nameOf(of)]: scores.rewards }));
}

/** The parts of a component, without its own result. */
function withoutOwnResult(parts: readonly Part[]): Part[] {
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
