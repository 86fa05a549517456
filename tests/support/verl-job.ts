/** verl jobs for tests. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { writeVerlJob } from '../../engine/jobs/index.ts';
import { RunConfig, type RunConfigInput } from '../../engine/protocol/index.ts';
import { temporaryFolder } from './processes.ts';

/** The third has no reference answer. */
const PROBLEMS = [
  { id: 'a', question: 'What is 1 + 2?', answer: '3' },
  { id: 'b', question: 'What is 2 + 5?', answer: '7' },
  { id: 'c', question: 'How many are there?' },
  { id: 'd', question: "What's \\frac{1}{2} of 10?", answer: '5' },
];

/** Writes a job for two GPUs on four problems with groups of 4; returns its folder. */
export async function writeJob(input: Partial<RunConfigInput> = {}): Promise<string> {
  const home = temporaryFolder();
  const folder = path.join(home, 'job');
  const dataset = path.join(home, 'problems.jsonl');
  writeFileSync(dataset, PROBLEMS.map((problem) => `${JSON.stringify(problem)}\n`).join(''));
  const config = RunConfig.parse({
    ...{ model: 'Qwen/Qwen3-0.6B', votes: 4, group: 4, batch: 2, steps: 3, ...input },
    dataset: { path: dataset, ...input.dataset },
    evaluation: { greedy: false, samples: 2, ...input.evaluation },
    engine: { gpus: 2, ...input.engine },
  });
  await writeVerlJob({ config, folder });
  return folder;
}
