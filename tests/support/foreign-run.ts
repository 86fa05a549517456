/**
 * A run of another trainer, as an importer writes it: TRL logged texts, rewards by name and values of its own, but none of
 * the tokens, fingerprints or configuration that our engine records. Deterministic.
 */
import type { ForeignRollout } from '../../engine/importers/group.ts';
import { LoggedProblems, type RunProblems } from '../../engine/importers/problems.ts';
import { type ForeignContents, ImportedRun } from '../../engine/importers/run.ts';
import { readProblems } from '../../engine/journal/reader.ts';
import type { Problem } from '../../engine/protocol/problem.ts';
import { writeGroup } from './import.ts';

export const TRL = { engine: 'TRL', version: '0.20.0', files: ['completions_00001.parquet', 'trainer_state.json'] };

/** Problems, named after what is special about them; `line` is the line in the dataset. */
const PROBLEMS = [
  { id: 'right', text: 'What is 2 + 3?', label: '5' },
  { id: 'wrong', text: 'What is 9 - 4 + 1?', label: '#### 6' },
  { id: 'no-reference', text: 'How many ways are there?', label: null },
  { id: 'unanswered', text: 'Prove it.', label: '1' },
  { id: 'tied', text: 'What is 7 x 8?', label: '56' },
  { id: 'silent', text: 'Say nothing.', label: null },
  { id: 'never', text: 'Is never asked.', label: '4' },
] as const;
type Id = (typeof PROBLEMS)[number]['id'];

/** The answers of each problem's training rollouts; null: no answer. Group sizes differ. */
const ANSWERS: Record<Exclude<Id, 'never'>, readonly (string | null)[]> = {
  right: ['5', '5', '5.0', '4'],
  wrong: ['9', '9', '9', '6', '9', null],
  'no-reference': ['12', '12', '3'],
  unanswered: [null, null],
  tied: ['54', '56', '56', '54'],
  silent: [null, null, null],
};

export interface ForeignFixtureOptions {
  /** Path of the dataset that the problems name. */
  dataset?: string;
  steps?: number;
}

export interface ForeignFixture {
  folder: string;
  problems: Problem[];
  dataset: string;
}

/** Creates `folder` and imports the run into it. */
export async function writeForeignRun(folder: string, options: ForeignFixtureOptions = {}): Promise<ForeignFixture> {
  const { dataset = '/data/sums.jsonl', steps = 3 } = options;
  const logged = new LoggedProblems();
  for (const [row, problem] of PROBLEMS.entries()) {
    logged.register({ ...problem, prompt: `<|user|>${problem.text}`, source: dataset, line: row + 1 });
  }
  const contents: ForeignContents = {
    origin: TRL,
    run: {
      job: 'imported',
      model: 'Qwen/Qwen2.5-0.5B-Instruct',
      dataset,
      reward: 'accuracy_reward + format_reward',
      steps: null,
      settings: {
        learning_rate: 1e-6,
        num_generations: 8,
        loss_type: 'dapo',
        use_vllm: true,
        max_grad_norm: Number.NaN,
      },
    },
    created: new Date(Date.UTC(2026, 10, 20, 8)),
  };
  const clock = new Date(Date.UTC(2026, 10, 28, 12));
  const run = await ImportedRun.create(folder, contents, logged, { now: () => clock });
  write(run, logged, steps);
  await run.end('completed');
  return { folder, problems: await readProblems(folder), dataset };
}

function write(run: ImportedRun, problems: RunProblems, steps: number): void {
  const sampled = Object.entries(ANSWERS).map(([, answers], problem) => ({ problem, answers }));
  for (let step = 1; step <= steps; step++) {
    for (const { problem, answers } of sampled) {
      const rollouts = answers.map((answer, i) => rollout(answer, i, step));
      writeGroup(run, problems, { phase: 'train', step, problem }, rollouts);
    }
    run.step(step);
    run.metrics({
      step,
      values: {
        loss: step === 1 ? Number.NaN : 0.01 / step,
        learning_rate: 1e-6,
        // TRL logs one metric only from the second step on, and one that is never a number.
        'completions/mean_length': 20 + step,
        ...(step > 1 && { 'rewards/accuracy_reward/std': 0.5 }),
        'sampling/importance_ratio': Number.POSITIVE_INFINITY,
      },
    });
  }
  // Two problems are evaluated again after the last step; the run reports these results for them.
  for (const problem of [0, 1]) {
    const sampled = ['5', '5', '7'].map((answer) => ({ text: boxed(answer) }));
    writeGroup(run, problems, { phase: 'evaluation', step: steps, problem }, sampled);
    writeGroup(run, problems, { phase: 'greedy', step: steps, problem }, [{ text: boxed('6') }]);
  }
  run.evaluation(steps);
}

function rollout(answer: string | null, i: number, step: number): ForeignRollout {
  const text = answer === null ? 'I do not know.' : `Step ${step}: ${boxed(answer)}`;
  const reward = answer === null ? 0 : 0.5 + (i % 2);
  return {
    text,
    reward,
    rewards: { accuracy_reward: i % 2, format_reward: i === 2 ? Number.NaN : answer === null ? 0 : 0.5 },
    // The last rollout of a group was masked out.
    ...(i < 2 && { advantage: i === 0 ? -0.75 : 0.75 }),
    foreign: { completion_length: 20 + i, stop_reason: i === 1 ? 'length' : 'eos', masked: i === 2, kl: Number.NaN },
    ...(i === 0 && { tokens: 21, finish: 'stop' as const }),
  };
}

function boxed(answer: string): string {
  return `The answer is \\boxed{${answer}}.`;
}
