/** The terms of a filter and what each of them finds: the list that appears below the field while a term is typed. */
import { QUADRANT_TITLES } from '../engine/protocol/verdict.ts';

export interface FilterTerm {
  term: string;
  finds: string;
}

/** The terms that a filter can begin a word with. Those that end in a comparison or a colon need a value. */
export const FILTER_TERMS: readonly FilterTerm[] = [
  { term: 'fixed', finds: 'wrong at A, correct at B' },
  { term: 'broke', finds: 'correct at A, wrong at B' },
  { term: 'stayed:correct', finds: 'correct at A and at B' },
  { term: 'stayed:wrong', finds: 'wrong at A and at B' },
  { term: 'switched', finds: 'another answer at B than at A' },
  { term: 'gained>', finds: 'majority share grew by more than this since A: gained>0.3' },
  { term: 'since>', finds: 'correctness last changed after this step: since>50' },
  { term: 'share>', finds: 'majority share: share>0.8' },
  { term: 'confidence>', finds: "mean token probability of the majority's rollouts: confidence>0.9" },
  { term: 'lead<', finds: 'the same minus that of the other rollouts: lead<0' },
  { term: 'accuracy>', finds: 'share of correct rollouts: accuracy>0.5' },
  { term: 'reward>', finds: 'mean reward of the rollouts: reward>0.5' },
  { term: 'length>', finds: 'mean length in tokens: length>200' },
  { term: 'noanswer>', finds: 'share of rollouts without an answer: noanswer>0.5' },
  { term: 'forecast>', finds: 'predicted P(correct): forecast>0.5' },
  { term: 'tie', finds: 'vote without a majority' },
  { term: 'majority:correct', finds: 'correct majority' },
  { term: 'majority:wrong', finds: 'wrong majority' },
  { term: 'majority:unknown', finds: 'majority without a reference' },
  { term: 'vote:majority', finds: 'vote with a majority' },
  { term: 'vote:single', finds: 'a single vote' },
  { term: 'vote:unanswered', finds: 'no rollout with an answer' },
  { term: 'predicted:correct', finds: 'predicted correct before step 1' },
  { term: 'predicted:wrong', finds: 'predicted wrong before step 1' },
  ...Object.entries(QUADRANT_TITLES).flatMap(([quadrant, title]) => [
    { term: `is:${quadrant}`, finds: `${title} at B` },
    { term: `was:${quadrant}`, finds: `${title} at A` },
  ]),
  { term: 'id:', finds: 'part of the id' },
  { term: 'answer:', finds: 'majority answer; one with spaces: answer:"7 or 8"' },
];

/** Most terms that are offered at a time. */
const MAX_COMPLETIONS = 8;

/** Where the last word of a filter begins. */
export function lastWord(filter: string): number {
  return filter.lastIndexOf(' ') + 1;
}

/** The terms that complete the last word of a filter; [] if it is complete. */
export function completions(filter: string): FilterTerm[] {
  const word = filter.slice(lastWord(filter));
  if (FILTER_TERMS.some(({ term }) => term === word)) return [];
  const beginning = FILTER_TERMS.filter(({ term }) => term.startsWith(word));
  return beginning.slice(0, MAX_COMPLETIONS);
}

/** The filter with its last word replaced by a term, followed by a space unless the term needs a value. */
export function completed(filter: string, { term }: FilterTerm): string {
  const isWhole = !/[:<>]$/.test(term);
  return `${filter.slice(0, lastWord(filter))}${term}${isWhole ? ' ' : ''}`;
}
