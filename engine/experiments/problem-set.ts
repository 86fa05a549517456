/** The embedded problem set, `engine/embedded/problems.jsonl`: a test keeps the file equal to what this makes. */
import { generator } from '../rollout/philox.ts';
import { chainProblems, type Family } from './chains.ts';

const SEED = 2603;
/** Four in five are sums; the rest are differences, of which the model is surely, and often wrongly, convinced. */
const TURNS: readonly Family[] = ['E', 'H', 'E', 'H', 'M'];
const COUNT = 64;

/** 64 different chains, by turns sums of 3 to 4 and of 5 to 6 terms and differences, as JSON Lines. */
export function embeddedProblems(): string {
  return chainProblems(generator(SEED, 'shuffle'), COUNT, TURNS)
    .map(({ prompt, answer }, i) => JSON.stringify({ id: `chain-${String(i + 1).padStart(3, '0')}`, prompt, answer }))
    .map((line) => `${line}\n`)
    .join('');
}
