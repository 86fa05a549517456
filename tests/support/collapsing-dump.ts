/** verl's dump of a run whose model stops answering after some steps. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** The last step whose rollouts have an answer. */
export const LAST_ANSWERED = 6;

/** The rollouts of a step, in the format of `rollout_data_dir`: two problems with four rollouts each. */
export function verlStep(step: number): string {
  const row = (problem: number, rollout: number) => {
    const answer = rollout < 3 ? 2 * problem : rollout;
    return {
      input: `user\nWhat is ${problem} + ${problem}?\nassistant\n`,
      output: step > LAST_ANSWERED ? 'typically typically typically' : `It is \\boxed{${answer}}.`,
      gts: `${2 * problem}`,
      score: step > LAST_ANSWERED ? 0 : Number(answer === 2 * problem),
      step,
    };
  };
  const rows = [7, 8].flatMap((problem) => [0, 1, 2, 3].map((rollout) => row(problem, rollout)));
  return rows.map((item) => `${JSON.stringify(item)}\n`).join('');
}

/** Writes steps into `<folder>/rollouts`. */
export function writeVerlSteps(folder: string, first: number, last: number): void {
  mkdirSync(path.join(folder, 'rollouts'), { recursive: true });
  for (let step = first; step <= last; step++) {
    writeFileSync(path.join(folder, 'rollouts', `${step}.jsonl`), verlStep(step));
  }
}
