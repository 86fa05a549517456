/** Groups for tests of rewards: from answers, and from logits. */
import { clusterAnswers, graderOf } from '../../engine/grading/index.ts';
import type { Evidence, PolicyRollout } from '../../engine/protocol/index.ts';
import {
  type LabeledGroup,
  type Part,
  printParts,
  RewardOptions,
  rewardOf,
  type Scores,
} from '../../engine/reward/index.ts';
import { expectWords } from './wording.ts';

/** A rollout of tokens with these statistics, each with one number per token; 0 by default. */
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

/** A group with these answers; by default, each rollout is one token that boxes its answer. */
export function group(answers: readonly (string | null)[], options: GroupOptions = {}): LabeledGroup {
  const { reference = null, prompt = 'What is it?', columns, vocabulary = 100, evidence = {} } = options;
  const clusters = clusterAnswers(answers, reference);
  return {
    problem: { text: prompt, ...(columns && { columns: columns as LabeledGroup['problem']['columns'] }) },
    rollouts: options.rollouts ?? answers.map((answer) => rollout([answer === null ? 'Hm.' : `\\boxed{${answer}}`])),
    answers,
    clusters,
    grader: graderOf(),
    vocabulary,
    evidence,
    correct: answers.map((_, i) =>
      reference === null ? null : (clusters.find(({ members }) => members.includes(i))?.correct ?? false),
    ),
  };
}

type Settings = { [Name in keyof RewardOptions]?: Partial<RewardOptions[Name]> };

/** Scores of a group under a reward expression. */
export function score(reward: string, of: LabeledGroup, settings: Settings = {}): Scores {
  const scores = rewardOf(reward, RewardOptions.parse(settings)).score(of);
  expressions.set(scores, reward);
  return scores;
}

const expressions = new WeakMap<Scores, string>();

/** A part without its wording. */
type Values<P = Part> = P extends Part ? Omit<P, 'text'> : never;

/** The parts of all rollouts' rewards as values; their wording is in `tests/wording/explanations.txt`. */
export function explained(scores: Scores): Values[][] {
  return scores.rewards.map((_, i) => {
    const parts = scores.explain(i);
    expectWords('explanations', expressions.get(scores)!, printParts(parts));
    return parts.map(({ text: _words, ...values }) => values);
  });
}

/** The parts of a rollout without an answer. */
export const unanswered = (reward = 0) => [{ kind: 'no-answer' }, { kind: 'result', reward }];
