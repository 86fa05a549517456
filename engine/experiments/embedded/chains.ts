/**
 * Chains: sums and differences with a scratchpad, `3+9+4=` answered by `12,16 #### 16` (running totals, then the answer).
 * The demonstrations for pre-training are flawed on purpose, so that the model is uncertain, and sometimes confidently
 * wrong: the situation of test-time training.
 */
import { RollscopeError } from '../../protocol/errors.ts';
import { shuffled } from '../../protocol/values.ts';

/** E: 3 to 4 terms, sums. H: 5 to 6 terms, sums. M: 3 to 4 terms, differences. O: 7 terms, sums; never in pre-training. */
export type ChainFamily = 'E' | 'H' | 'M' | 'O';

/** Quality of the demonstrations: S (strong) has half the errors and shortcuts of W (weak). */
export type Quality = 'S' | 'W';

export interface Chain {
  family: ChainFamily;
  terms: number[];
  /** Such as `3+9+4=`. */
  prompt: string;
  answer: string;
}

/** Numbers in [0, 1). */
export type Random = () => number;

function randomInteger(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}

const TERMS: Record<ChainFamily, [number, number]> = { E: [3, 4], H: [5, 6], M: [3, 4], O: [7, 7] };

/** A random problem. Differences begin with a term large enough for the result to stay positive. */
export function chainProblem(random: Random, family: ChainFamily): Chain {
  const [low, high] = TERMS[family];
  const terms = Array.from({ length: randomInteger(random, low, high) }, () => randomInteger(random, 1, 9));
  if (family === 'M') terms[0] = randomInteger(random, 10, 20) + terms.slice(1).reduce((a, b) => a + b, 0) - 9;
  const total = terms.slice(1).reduce((a, b) => (family === 'M' ? a - b : a + b), terms[0]!);
  return { family, terms, prompt: promptOf(family, terms), answer: String(total) };
}

function promptOf(family: ChainFamily, terms: readonly number[]): string {
  return `${terms.join(family === 'M' ? '-' : '+')}=`;
}

const SHORTCUT_PROBABILITY: Record<Quality, number> = { S: 0.1, W: 0.2 };
/** Probability that differences are added instead. */
const WRONG_SIGN_PROBABILITY = 0.6;
const REPETITION_PROBABILITY = 0.25;
const ENDLESS_PROBABILITY = 0.04;
const ENDLESS_LENGTH = 8;

/** Probability of an error per step: 0.08 for 3 terms, growing to 0.30 for 7; half of it with quality S. */
function stepError(terms: number, quality: Quality): number {
  const chance = 0.08 + ((terms - 3) / 4) * 0.22;
  return quality === 'S' ? chance / 2 : chance;
}

/** A worked solution with flaws: a demonstration for pre-training. */
export function flawedSolution(random: Random, { family, terms }: Chain, quality: Quality): string {
  if (random() < SHORTCUT_PROBABILITY[quality]) return ` #### ${terms.at(-1)}`;
  const subtracts = family === 'M' && random() >= WRONG_SIGN_PROBABILITY;
  const error = stepError(terms.length, quality);
  const totals: number[] = [];
  let total = terms[0]!;
  for (const term of terms.slice(1)) {
    total = subtracts ? total - term : total + term;
    if (random() < error) total = Math.max(0, total + (random() < 0.5 ? -1 : 1) * randomInteger(random, 1, 3));
    totals.push(total);
  }
  if (random() < ENDLESS_PROBABILITY) {
    while (totals.length < ENDLESS_LENGTH) totals.push(total);
    return totals.join(',');
  }
  if (random() < REPETITION_PROBABILITY) totals.push(total);
  return `${totals.join(',')} #### ${total}`;
}

/** Consecutive duplicate draws before a family counts as exhausted. */
const MAX_DUPLICATE_DRAWS = 10_000;

/**
 * `count` different problems of the families in turn, none with a prompt of `without`.
 * @throws RollscopeError `usage` if a family has too few
 */
export function chainProblems(
  random: Random,
  count: number,
  families: readonly ChainFamily[],
  without: ReadonlySet<string> = new Set(),
): Chain[] {
  const found = new Map<string, Chain>();
  let misses = 0;
  while (found.size < count) {
    const family = families[found.size % families.length]!;
    const chain = chainProblem(random, family);
    if (!found.has(chain.prompt) && !without.has(chain.prompt)) {
      found.set(chain.prompt, chain);
      misses = 0;
    } else if (++misses === MAX_DUPLICATE_DRAWS) {
      throw new RollscopeError(
        'usage',
        `The family ${family} has fewer different problems than this set of ${count} needs.`,
        'Use fewer problems, or more families.',
        { details: { reason: 'too-few-problems', family, count } },
      );
    }
  }
  return [...found.values()];
}

/** Orders drawn for rephrasings: almost certainly enough to include all six. */
const DRAWS = 64;

/**
 * Up to `count` different other prompts for the same problem: the terms of a sum in another order, or those after the first
 * of a difference. Fewer, or none, if there are no more orders.
 */
export function rephrasings(random: Random, { family, terms, prompt }: Chain, count: number): string[] {
  const kept = family === 'M' ? 1 : 0;
  const found = new Set<string>();
  for (let draw = 0; draw < DRAWS && found.size < count; draw++) {
    const order = [...terms.slice(0, kept), ...shuffled(terms.slice(kept), random)];
    const other = promptOf(family, order);
    if (other !== prompt) found.add(other);
  }
  return [...found];
}
