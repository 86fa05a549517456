/** Groups for tests of rewards: from answers, and from logits. */
import { clusterAnswers } from '../../engine/grading/index.ts';
import type { Evidence, PolicyRollout } from '../../engine/protocol/index.ts';
import { type LabeledGroup, printParts, RewardOptions, rewardOf, type Scores } from '../../engine/reward/index.ts';

/** A rollout of tokens with these statistics, each with one number per token; 0 where they are not given. */
export function rollout(
  tokenTexts: readonly string[],
  statistics: Partial<
    Record<'logprob' | 'entropy' | 'logsumexp' | 'meanLogit' | 'top1' | 'top2', readonly number[]>
  > = {},
  finish: 'stop' | 'length' = 'stop',
): PolicyRollout {
  const numbers = (name: keyof typeof statistics) => Float32Array.from(statistics[name] ?? tokenTexts.map(() => 0));
  return {
    tokens: Int32Array.from(tokenTexts, (_, t) => t),
    logprob: numbers('logprob'),
    entropy: numbers('entropy'),
    logsumexp: numbers('logsumexp'),
    meanLogit: numbers('meanLogit'),
    top1: numbers('top1'),
    top2: numbers('top2'),
    text: tokenTexts.join(''),
    tokenTexts: [...tokenTexts],
    finish,
  };
}

interface GroupOptions {
  /** Reference answer. */
  reference?: string | null;
  rollouts?: PolicyRollout[];
  prompt?: string;
  columns?: Record<string, unknown>;
  vocabulary?: number | null;
  evidence?: Evidence;
}

/** A group whose rollouts gave these answers; where no rollouts are given, each is one token that boxes its answer. */
export function group(answers: readonly (string | null)[], options: GroupOptions = {}): LabeledGroup {
  const { reference = null, prompt = 'What is it?', columns, vocabulary = 100, evidence = {} } = options;
  const clusters = clusterAnswers(answers, reference);
  return {
    problem: { text: prompt, ...(columns && { columns: columns as LabeledGroup['problem']['columns'] }) },
    rollouts: options.rollouts ?? answers.map((answer) => rollout([answer === null ? 'Hm.' : `\\boxed{${answer}}`])),
    answers,
    clusters,
    vocabulary,
    evidence,
    correct: answers.map((_, i) =>
      reference === null ? null : (clusters.find(({ members }) => members.includes(i))?.correct ?? false),
    ),
  };
}

type Settings = { [Name in keyof RewardOptions]?: Partial<RewardOptions[Name]> };

/** Scores of a group by a reward expression. */
export function score(reward: string, of: LabeledGroup, settings: Settings = {}): Scores {
  return rewardOf(reward, RewardOptions.parse(settings)).score(of);
}

/** Explanations of all rollouts, a line each. */
export function explained(scores: Scores): string[] {
  return scores.rewards.map((_, i) => printParts(scores.explain(i)));
}
