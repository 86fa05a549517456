/**
 * Rollouts as logs of Inspect (`inspect_ai.log.EvalLog`, version 2, JSON): a file per step of a phase, a sample per rollout,
 * whose epoch is its number in the group. `inspect view --log-dir <folder>` lists them in the order of the steps.
 */
import { basename, join } from 'node:path';
import { readRunFile } from '../../journal/reader.ts';
import type { Phase } from '../../protocol/group.ts';
import { describeRun, type RunFile } from '../../protocol/run-file.ts';
import { mean } from '../../protocol/values.ts';
import { portableJson } from '../../protocol/well-formed.ts';
import { streamAside } from '../../system/aside.ts';
import { type RolloutRow, stepRows } from './rows.ts';

/** The parts of a step's log other than its samples. */
interface Step {
  run: string;
  phase: Phase;
  step: number;
}

/** Writes the logs into `out`; returns the number of rollouts. */
export async function exportInspect(folder: string, out: string): Promise<number> {
  const file = await readRunFile(folder);
  const run = basename(folder);
  // Inspect knows a JSON log by a name that begins with a time.
  const time = file.created.slice(0, 19).replaceAll(':', '-');
  let count = 0;
  for await (const { phase, step, rows } of stepRows(folder)) {
    // A log contains its results before its samples, so the samples of a step are collected first.
    const all: RolloutRow[] = [];
    for await (const row of rows) all.push(row);
    count += all.length;
    const name = `${time}_${run}-${phase}-${String(step).padStart(6, '0')}_${phase}${step}.json`;
    await streamAside(join(out, name), logText(file, { run, phase, step }, all));
  }
  return count;
}

async function* logText(file: RunFile, at: Step, rows: readonly RolloutRow[]): AsyncGenerator<string> {
  yield `${portableJson(logHead(file, at, rows)).slice(0, -1)},"samples":[`;
  for (const [index, row] of rows.entries()) yield `${index > 0 ? ',' : ''}\n${portableJson(sampleOf(row, file))}`;
  yield ']}\n';
}

function logHead(file: RunFile, { run, phase, step }: Step, rows: readonly RolloutRow[]): object {
  const { dataset, reward } = describeRun(file);
  const problems = [...new Set(rows.map(({ problemId }) => problemId))];
  const epochs = rows.reduce((most, { rollout }) => Math.max(most, rollout), 0);
  const id = `${run}-${phase}-${step}`;
  return {
    version: 2,
    status: 'success',
    eval: {
      eval_id: id,
      run_id: run,
      created: file.created,
      task: `${run}-${phase}-${String(step).padStart(6, '0')}`,
      task_id: `${phase}${step}`,
      dataset: { name: dataset, samples: problems.length, sample_ids: problems },
      model: modelOf(file),
      config: { epochs },
      packages: file.versions,
      metadata: { phase, step, reward, engine: file.origin.engine },
    },
    plan: { name: 'rollscope', steps: [] },
    results: {
      total_samples: rows.length,
      completed_samples: rows.length,
      scores: Object.entries(SCORES).flatMap(([name, of]) => {
        const value = mean(rows.map((row) => of(row)));
        return value === null ? [] : [{ name, scorer: name, metrics: { mean: { name: 'mean', value } } }];
      }),
    },
    stats: { started_at: file.created, completed_at: file.created },
  };
}

function modelOf(file: RunFile): string {
  return `rollscope/${describeRun(file).model ?? 'unknown'}`;
}

/** The scores of a rollout; null if it has none. */
const SCORES: Record<string, (row: RolloutRow) => number | null> = {
  correct: ({ correct }) => (correct === null ? null : Number(correct)),
  reward: ({ reward }) => reward,
  majority_correct: ({ verdict }) => (verdict === 'correct' ? 1 : verdict === 'wrong' ? 0 : null),
};

function sampleOf(row: RolloutRow, file: RunFile): object {
  const { problemId, rollout, prompt, problemText, text, reference, references, answer, finish, tokens } = row;
  const message = { role: 'assistant', content: text, source: 'generate' };
  const scores = Object.entries(SCORES).flatMap(([name, of]) => {
    const value = of(row);
    return value === null ? [] : [[name, { value, answer: name === 'majority_correct' ? row.majorityAnswer : answer }]];
  });
  return {
    id: problemId,
    epoch: rollout,
    input: problemText,
    target: references === null ? (reference ?? '') : (JSON.parse(references) as string[]),
    messages: [{ role: 'user', content: problemText, source: 'input' }, message],
    output: {
      model: modelOf(file),
      choices: [{ message, stop_reason: finish === 'length' ? 'max_tokens' : (finish ?? 'unknown') }],
      completion: text,
      ...(tokens !== null && { usage: { output_tokens: tokens } }),
    },
    scores: Object.fromEntries(scores),
    metadata: {
      prompt,
      step: row.step,
      phase: row.phase,
      majority: row.majorityAnswer,
      majority_share: row.majorityShare,
      vote: row.voteStatus,
      advantage: row.advantage,
      logprob: row.logprob,
      entropy: row.entropy,
      repetition: row.repetition,
    },
  };
}
