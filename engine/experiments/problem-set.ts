/** The embedded problem set, `engine/embedded/problems.jsonl`: a test keeps the file equal to what this makes. */
import { generator } from '../rollout/philox.ts';
import { chainProblems } from './chains.ts';

const SEED = 2603;
const COUNT = 64;

/** 64 different sums, by turns of 3 to 4 and of 5 to 6 terms, as JSON Lines. */
export function embeddedProblems(): string {
  return chainProblems(generator(SEED, 'shuffle'), COUNT, ['E', 'H'])
    .map(({ prompt, answer }, i) => JSON.stringify({ id: `chain-${String(i + 1).padStart(3, '0')}`, prompt, answer }))
    .map((line) => `${line}\n`)
    .join('');
}
