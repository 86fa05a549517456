/**
 * Rollouts as verl dumps them (`trainer.rollout_data_dir`, `trainer.validation_data_dir`; verl 0.9.1): a file per step,
 * `<step>.jsonl`, with `input`, `output`, `gts`, `score`, `step`, and what a reward function would return in addition
 * to the score.
 */
import { join } from 'node:path';
import type { Phase } from '../../protocol/group.ts';
import { writeJsonLines } from './jsonl.ts';
import { type RolloutRow, stepRows } from './rows.ts';

/**
 * The folder where verl's viewers look for each phase. A greedy evaluation would be a second file for the same step.
 */
const FOLDERS = { train: 'rollouts', evaluation: 'validation', probe: 'validation' } as const;
type Dumped = keyof typeof FOLDERS;

/** Writes `<out>/rollouts/<step>.jsonl` and `<out>/validation/<step>.jsonl`; returns the number of rollouts. */
export async function exportVerl(folder: string, out: string): Promise<number> {
  let count = 0;
  const phases = Object.keys(FOLDERS) as Dumped[] satisfies Phase[];
  for await (const { phase, step, rows } of stepRows(folder, { phases })) {
    const lines = async function* () {
      for await (const row of rows) yield verlRow(row);
    };
    count += await writeJsonLines(join(out, FOLDERS[phase as Dumped], `${step}.jsonl`), lines());
  }
  return count;
}

/**
 * `score` is the training reward; in phases without one (evaluation and probe), 1 for correct and 0 for wrong, as in
 * verl.
 */
function verlRow(row: RolloutRow): object {
  const { prompt, problemText, text, reference, references, reward, step, correct, answer, advantage, problemId } = row;
  return {
    input: prompt ?? problemText,
    output: text,
    gts: references === null ? reference : (JSON.parse(references) as string[]),
    score: reward ?? (correct === null ? null : Number(correct)),
    step,
    acc: correct,
    pred: answer,
    advantage,
    uid: problemId,
    ...(row.rewards !== null && (JSON.parse(row.rewards) as object)),
  };
}
