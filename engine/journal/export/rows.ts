/** The rollouts of a run as rows: one a rollout, read group by group, so that memory stays small for any run. */
import type { GroupRecord, Problem, RolloutSummary, StoredRollout } from '../../protocol/records.ts';
import { readEvents } from '../events.ts';
import { readFrame, readProblems, readRunFile } from '../reader.ts';

export interface RolloutRow {
  /** Position in the run's problem list, and the problem's own id. */
  problem: number;
  problemId: string;
  step: number;
  phase: GroupRecord['phase'];
  /** Index within its group. */
  rollout: number;
  prompt: string;
  text: string;
  /** The extracted answer, and the reference answer of the data. */
  answer: string | null;
  reference: string | null;
  correct: boolean | null;
  majorityAnswer: string | null;
  majorityShare: number | null;
  reward: number | null;
  advantage: number | null;
  finish: RolloutSummary['finish'];
  /** Number of tokens, their mean log-probability and mean entropy, nats. */
  tokens: number;
  logprob: number | null;
  entropy: number | null;
  /** Share of its token trigrams that repeat an earlier one. */
  repetition: number | null;
  /** Only where asked for, one entry a token. */
  tokenIds?: number[];
  tokenLogprobs?: number[];
  tokenEntropies?: number[];
}

export interface RolloutExportOptions {
  /** Phases to take; all when absent. */
  phases?: readonly GroupRecord['phase'][];
  /** Add token ids with their log-probabilities and entropies. */
  perToken?: boolean;
  signal?: AbortSignal;
}

/** Yields the rows in the order of the records. Throws as `readRunFile`, `readEvents` and `readFrame` do. */
export async function* rolloutRows(folder: string, options: RolloutExportOptions = {}): AsyncGenerator<RolloutRow> {
  // A run of a newer format is refused before any of it is misread.
  await readRunFile(folder);
  const problems = await readProblems(folder);
  for await (const { record } of readEvents(folder)) {
    options.signal?.throwIfAborted();
    if (record.type !== 'group' || (options.phases && !options.phases.includes(record.phase))) continue;
    const { rollouts: stored } = await readFrame(folder, record.frame);
    for (const [index, summary] of record.rollouts.entries()) {
      const rollout = stored[index];
      if (rollout) yield row(record, problems[record.problem], index, summary, rollout, options.perToken ?? false);
    }
  }
}

function row(
  group: GroupRecord,
  problem: Problem | undefined,
  index: number,
  summary: RolloutSummary,
  stored: StoredRollout,
  perToken: boolean,
): RolloutRow {
  const { answer, correct, reward, advantage, finish, tokens, logprob, entropy, repetition } = summary;
  return {
    problem: group.problem,
    problemId: problem?.id ?? String(group.problem),
    step: group.step,
    phase: group.phase,
    rollout: index,
    prompt: problem?.prompt ?? '',
    text: stored.text,
    answer,
    reference: problem?.answer ?? null,
    correct,
    majorityAnswer: group.majority?.answer ?? null,
    majorityShare: group.majority?.share ?? null,
    reward,
    advantage,
    finish,
    tokens,
    logprob,
    entropy,
    repetition,
    ...(perToken && {
      tokenIds: Array.from(stored.tokens),
      tokenLogprobs: Array.from(stored.logprob),
      tokenEntropies: Array.from(stored.entropy),
    }),
  };
}
