/**
 * The dual of a chain: given its answer and all terms except one, find the hidden term. `3+.+4=16:` is answered by
 * `7,9 #### 9`: the running total of the other terms, then the term. A model that can do both can check itself: an answer
 * from which the hidden term cannot be recovered is wrong (DuPO, arXiv 2508.14460).
 */
import { EMBEDDED_QUESTIONS } from '../../protocol/embedded.ts';
import { type Chain, flawedSolution, type Quality, type Random } from './chains.ts';

/** The dual's prompt for an answer, right or not; the term at `place` (from 0) is hidden. */
export function dualPrompt({ family, terms }: Chain, place: number, answer: number): string {
  const shown = terms.map((term, i) => (i === place ? EMBEDDED_QUESTIONS.mask : term));
  const masked = `${shown.join(family === 'M' ? '-' : '+')}=`;
  return EMBEDDED_QUESTIONS.dual.replace('{{masked}}', masked).replace('{{answer}}', String(answer));
}

/**
 * The worked dual for an answer, right or not: running totals of the shown terms, then the missing term. For a wrong answer,
 * that differs from the hidden term, and may be negative.
 */
export function dualSolution({ family, terms }: Chain, place: number, answer: number): string {
  const shown = terms.filter((_, i) => i !== place);
  // If the first term of a difference is hidden, the other terms sum to the total that was subtracted.
  const subtracts = family === 'M' && place > 0;
  const totals = [shown[0]!];
  for (const term of shown.slice(1)) totals.push(subtracts ? totals.at(-1)! - term : totals.at(-1)! + term);
  const rest = totals.at(-1)!;
  const missing = family !== 'M' ? answer - rest : place > 0 ? rest - answer : rest + answer;
  return `${[...totals.slice(1), missing].join(',')} #### ${missing}`;
}

/** Probability that the dual gets the correct answer; otherwise it gets the answer of a flawed solution. */
const RIGHT_ANSWER = 0.5;
/** Probability that the demonstrated term is off by one to three. */
const WRONG_TERM_PROBABILITY = 0.03;

/** A dual task and its demonstration, which is almost always correct. */
export function flawedDual(random: Random, chain: Chain, quality: Quality): { prompt: string; response: string } {
  const place = Math.floor(random() * chain.terms.length);
  const given = random() < RIGHT_ANSWER ? chain.answer : answerOf(flawedSolution(random, chain, quality));
  const answer = Number(given ?? chain.answer);
  const off = random() < WRONG_TERM_PROBABILITY ? (random() < 0.5 ? -1 : 1) * (1 + Math.floor(random() * 3)) : 0;
  const [work, term] = dualSolution(chain, place, answer).split(' #### ') as [string, string];
  const said = String(Number(term) + off);
  return {
    prompt: dualPrompt(chain, place, answer),
    response: `${work.slice(0, work.lastIndexOf(',') + 1)}${said} #### ${said}`,
  };
}

function answerOf(solution: string): string | null {
  return solution.split(' #### ')[1] ?? null;
}
