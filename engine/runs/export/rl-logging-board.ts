/** Rollouts as RLLoggingBoard reads them: one JSON object per line, with the tokens of the response and numbers about each. */
import { join } from 'node:path';
import { RollscopeError } from '../../protocol/errors.ts';
import { writeJsonLines } from './jsonl.ts';
import { type RolloutRow, rolloutRows } from './rows.ts';

/**
 * Writes `<out>/rollouts_rank0.jsonl`, because the board lists folders; returns the number of rollouts. The board knows one
 * kind of rollout and averages its rewards, so only rollouts with a reward are there: evaluations and probes are not.
 * @throws RollscopeError `usage` where the run has none
 */
export async function exportRlLoggingBoard(folder: string, out: string): Promise<number> {
  const lines = async function* () {
    let none = true;
    for await (const row of rolloutRows(folder, { phases: ['train'], perToken: true })) {
      if (row.reward === null) continue;
      none = false;
      yield boardRow(row, row.reward);
    }
    if (none) {
      throw new RollscopeError(
        'usage',
        'This run has no rollouts with a reward, and RLLoggingBoard shows only those.',
        'Export them with --format jsonl.',
        { details: { reason: 'no-rewards' } },
      );
    }
  };
  return writeJsonLines(join(out, 'rollouts_rank0.jsonl'), lines());
}

/** The board treats every existing key as a known value, so unknown values are left out. */
function boardRow(row: RolloutRow, reward: number): object {
  const { prompt, problemText, text, tokenTexts, tokenLogprobs, tokenEntropies, correct, step } = row;
  return {
    prompt: prompt ?? problemText,
    response: text,
    response_tokens: tokenTexts ?? [],
    ...(tokenLogprobs && { logprobs: tokenLogprobs }),
    ...(tokenEntropies && { entropies: tokenEntropies }),
    reward,
    step,
    ground_truth: row.reference,
    problem: row.problemId,
    rollout: row.rollout,
    answer: row.answer,
    correct,
    advantage: row.advantage,
    majority: row.majorityAnswer,
    majority_share: row.majorityShare,
  };
}
