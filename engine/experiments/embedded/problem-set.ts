/**
 * Problem sets as rows for JSON Lines: the embedded one (a test keeps `engine/embedded/problems.jsonl` equal to the output
 * of this file) and those of the experiments. All are pure functions of a seed.
 */
import { shuffled } from '../../protocol/values.ts';
import { generator } from '../../rollout/philox.ts';
import { type Chain, type ChainFamily, chainProblems, type Random, rephrasings } from './chains.ts';
import { arrangements, type Countdown, countdownProblems } from './countdown.ts';

/** A chain, with rephrasings for co-reward. */
export interface ChainRow {
  id: string;
  prompt: string;
  answer: string;
  rephrasings: string[];
}

/** A Countdown problem. The verifier reads numbers and target; the label is the target, the value of a right expression. */
export interface CountdownRow {
  id: string;
  prompt: string;
  answer: string;
  numbers: number[];
  target: number;
  rephrasings: string[];
}

/** A position in a corpus: the text before it and after it. */
export interface CorpusRow {
  id: string;
  prompt: string;
  continuation: string;
}

const EMBEDDED_SEED = 2603;
/** Four in five are sums; the rest are differences, on which the model is often confident and wrong. */
const TURNS: readonly ChainFamily[] = ['E', 'H', 'E', 'H', 'M'];
const EMBEDDED_COUNT = 64;
const REPHRASINGS = 3;

/** Rows as JSON Lines. */
export function jsonLines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

const numberedId = (name: string, i: number, count: number) =>
  `${name}-${String(i + 1).padStart(Math.max(3, String(count).length), '0')}`;

function chainRow(chain: Chain, seed: number, i: number, count: number): ChainRow {
  const { prompt, answer } = chain;
  const others = rephrasings(generator(seed, 'select', i), chain, REPHRASINGS);
  return { id: numberedId('chain', i, count), prompt, answer, rephrasings: orOriginal(others, prompt) };
}

export interface ChainSetOptions {
  seed: number;
  count: number;
  /** Families in turn (default: the mixture of the embedded set). */
  families?: readonly ChainFamily[];
  /** Prompts to exclude: those of another set. */
  without?: ReadonlySet<string>;
}

/** `count` different chains. Throws if the families have too few. */
export function chainSet(options: ChainSetOptions): ChainRow[] {
  const { seed, count } = options;
  return chainsOf(options).map((chain, i) => chainRow(chain, seed, i, count));
}

function chainsOf({ seed, count, families = TURNS, without }: ChainSetOptions): Chain[] {
  return chainProblems(generator(seed, 'shuffle'), count, families, without);
}

/** 64 different chains as JSON Lines, alternating between sums of 3 to 4 and 5 to 6 terms, and differences. */
export function embeddedProblems(): string {
  return jsonLines(chainSet({ seed: EMBEDDED_SEED, count: EMBEDDED_COUNT }));
}

/**
 * Countdown problems to train on (`known`: the model met problems with these numbers and targets in pre-training) or to
 * validate on (`unseen`: in no arrangement of their numbers). Each problem comes once before any comes in another
 * arrangement. At most `count` problems: there are 1,491 known and 373 unseen ones, and about five times as
 * many with their arrangements.
 */
export function countdownSet(seed: number, part: 'known' | 'unseen', count: number): CountdownRow[] {
  const random = generator(seed, 'shuffle');
  const rounds = countdownProblems()[part].map((problem) => shuffled(arrangements(problem), random));
  const order = shuffled(rounds, random);
  const chosen: Countdown[] = [];
  for (let round = 0; round < 6; round++) {
    chosen.push(...order.flatMap((problem) => problem[round] ?? []));
  }
  return chosen.slice(0, count).map((problem, i) => ({
    id: numberedId(`countdown-${part}`, i, count),
    prompt: problem.prompt,
    answer: String(problem.target),
    numbers: [...problem.numbers],
    target: problem.target,
    rephrasings: otherArrangements(generator(seed, 'select', i), problem),
  }));
}

function otherArrangements(random: Random, problem: Countdown): string[] {
  const prompts = shuffled(arrangements(problem), random).map(({ prompt }) => prompt);
  return orOriginal(prompts.filter((prompt) => prompt !== problem.prompt).slice(0, REPHRASINGS), problem.prompt);
}

/** A problem without another order (`7+7+7=`) is repeated unchanged, which yields other rollouts of the same prompt. */
function orOriginal(others: string[], prompt: string): string[] {
  return others.length > 0 ? others : [prompt];
}

/**
 * A corpus of equations, `3+9+4=16.`, each cut after its equals sign: a model that solves the chain and gives the
 * continuation as its answer is correct if its answer is. Without mistakes, like texts for people.
 */
export function corpus(options: ChainSetOptions): CorpusRow[] {
  return chainsOf(options).map(({ prompt, answer }, i) => ({
    id: numberedId('corpus', i, options.count),
    prompt,
    continuation: `${answer}.`,
  }));
}
