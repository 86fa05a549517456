/** The rollouts of a run as rows: one a rollout, read group by group, so that memory stays small for any run. */
import type { GroupDetail, Phase, RolloutFacts } from '../../protocol/group.ts';
import type { Problem, Prompt } from '../../protocol/records.ts';
import { readEvents } from '../events.ts';
import { readGroup } from '../groups.ts';
import { readProblems, readPrompts, readRunFile } from '../reader.ts';

export interface RolloutRow {
  /** Position in the run's problem list, and the problem's own id. */
  problem: number;
  problemId: string;
  step: number;
  phase: Phase;
  /** Index within its group. */
  rollout: number;
  /** The problem's own text, and the prompt as the model got it (null in runs of older formats). */
  problemText: string;
  prompt: string | null;
  text: string;
  /** The extracted answer, and the reference answer of the data. */
  answer: string | null;
  reference: string | null;
  correct: boolean | null;
  majorityAnswer: string | null;
  majorityShare: number | null;
  reward: number | null;
  /** Rewards by name as JSON, where there are several. */
  rewards: string | null;
  advantage: number | null;
  finish: RolloutFacts['finish'];
  /** Number of tokens, their mean log-probability and mean entropy, nats. */
  tokens: number | null;
  logprob: number | null;
  entropy: number | null;
  /** Share of its token trigrams that repeat an earlier one. */
  repetition: number | null;
  /** Only where asked for, one entry per token; null where they are not known. */
  tokenIds?: number[] | null;
  tokenLogprobs?: number[] | null;
  tokenEntropies?: number[] | null;
}

export interface RolloutExportOptions {
  /** Phases to take; all when absent. */
  phases?: readonly Phase[];
  /** Add token ids with their log-probabilities and entropies. */
  perToken?: boolean;
  signal?: AbortSignal;
}

/** Yields the rows in the order of the records. Throws as `readRunFile`, `readEvents` and `readGroup` do. */
export async function* rolloutRows(folder: string, options: RolloutExportOptions = {}): AsyncGenerator<RolloutRow> {
  // A run of a newer format is refused before any of it is misread.
  await readRunFile(folder);
  const problems = await readProblems(folder);
  const prompts = await readPrompts(folder);
  for await (const { record } of readEvents(folder)) {
    options.signal?.throwIfAborted();
    if (record.type !== 'group' || !record.frame || (options.phases && !options.phases.includes(record.phase)))
      continue;
    const detail = await readGroup(folder, record);
    const { problem } = record;
    for (const index of detail.rollouts.keys()) {
      yield row(detail, problems[problem], prompts?.[problem], index, options.perToken ?? false);
    }
  }
}

function row(
  group: GroupDetail,
  problem: Problem | undefined,
  prompt: Prompt | undefined,
  index: number,
  perToken: boolean,
): RolloutRow {
  const rollout = group.rollouts[index]!;
  const { text, answer, correct, reward, rewards, advantage, finish, tokens, logprob, entropy, repetition } = rollout;
  const { ids, statistics } = rollout;
  const list = (values: ArrayLike<number> | null) => values && Array.from(values);
  return {
    problem: group.problem,
    problemId: problem?.id ?? String(group.problem),
    step: group.step,
    phase: group.phase,
    rollout: index,
    problemText: problem?.text ?? '',
    prompt: prompt?.text ?? null,
    text,
    answer,
    reference: problem?.answer ?? null,
    correct,
    majorityAnswer: group.majority?.answer ?? null,
    majorityShare: group.majority?.share ?? null,
    reward,
    rewards: Object.keys(rewards).length > 0 ? JSON.stringify(rewards) : null,
    advantage,
    finish,
    tokens,
    logprob,
    entropy,
    repetition,
    ...(perToken && {
      tokenIds: list(ids),
      tokenLogprobs: list(statistics.logprob),
      tokenEntropies: list(statistics.entropy),
    }),
  };
}
