/** Sums and differences, the two sorts of chains. The embedded models are right on sums, and often wrong on differences. */
import type { ProbeResult } from './probe.ts';

export const SORTS = ['sums', 'differences'] as const;
export type Sort = (typeof SORTS)[number];

/** A chain with a minus sign anywhere is a difference. @param problem its text, such as `7-3+2=` */
export function sortOf(problem: string): Sort {
  return problem.includes('-') ? 'differences' : 'sums';
}

/** Whether a chain's wrong answer follows a wrong rule of the pre-training data: adding differences up, or the last term. */
export function followsWrongRule({ text, answer }: Pick<ProbeResult, 'text' | 'answer'>): boolean {
  const terms = (text.match(/\d+/g) ?? []).map(Number);
  const added = terms.reduce((sum, term) => sum + term, 0);
  return answer === String(terms.at(-1)) || (sortOf(text) === 'differences' && answer === String(added));
}
