/**
 * The filter's syntax: `share>0.8 majority:wrong cars`. `share` compares the majority share, `forecast` the predicted
 * P(correct); `majority:correct|wrong|unknown` is the correctness of an answer that has a majority, `vote:` finds those
 * that have one or none (`majority`, `tie`, `single`, `unanswered`); `predicted:correct|wrong` is what was forecast; `id:…`
 * matches the problem's id and `answer:…` the majority answer. `fixed`, `broke` and `switched` compare with the step of
 * cursor A, as do `stayed:correct|wrong` and `gained>0.3`, the change of the majority share; `since>50` is the step since which the verdict is what
 * it is, `was:confident-wrong` and `is:confident-correct` the quadrants at A and B, `accuracy>0.5` the share of correct
 * rollouts, `reward<0.5` and `length>200` means over the rollouts (length in tokens), `confidence>0.9` the geometric mean of the token probabilities of the majority's rollouts and `lead<0` that minus the one of the others, `noanswer>0.5` the
 * share of rollouts without an answer, `tie` a vote without a majority. Anything else is a word of
 * the problem's text; words between quotation marks are looked for as they stand (`"how many"`, `answer:"7 or 8"`). All terms must match. `right:yes|no|unknown` and `likely:right|wrong` are earlier spellings.
 */
import type { Verdict, VoteStatus } from '../engine/protocol/verdict.ts';
import { hasAnswerChanged, type Move, moveOf, shareGain } from '../engine/runs/moves.ts';
import type { ProblemRow } from './problem-row.ts';

const COMPARED = [
  'share',
  'accuracy',
  'confidence',
  'lead',
  'forecast',
  'gained',
  'since',
  'noanswer',
  'reward',
  'length',
] as const;
type Compared = (typeof COMPARED)[number];
type Comparison = '>' | '<' | '>=' | '<=' | '=';

export type Term =
  | { kind: Compared; comparison: Comparison; value: number }
  | { kind: 'moved'; move: Move }
  | { kind: 'switched' }
  | { kind: 'stayed'; verdict: Verdict }
  | { kind: 'is' | 'was'; quadrant: string }
  | { kind: 'predicted'; correct: boolean }
  | { kind: 'majority'; verdict: Verdict }
  | { kind: 'vote'; status: VoteStatus }
  | { kind: 'id' | 'answer' | 'text'; value: string };

const COMPARE: Record<Comparison, (a: number, b: number) => boolean> = {
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  '=': (a, b) => a === b,
};

/** Terms for correctness, by every spelling. */
const FLAGS: Readonly<Record<string, Term>> = {
  'majority:correct': { kind: 'majority', verdict: 'correct' },
  'majority:wrong': { kind: 'majority', verdict: 'wrong' },
  'majority:unknown': { kind: 'majority', verdict: 'unknown' },
  'vote:majority': { kind: 'vote', status: 'majority' },
  'vote:tie': { kind: 'vote', status: 'tie' },
  'vote:single': { kind: 'vote', status: 'single' },
  'vote:unanswered': { kind: 'vote', status: 'unanswered' },
  tie: { kind: 'vote', status: 'tie' },
  fixed: { kind: 'moved', move: 'fixed' },
  broke: { kind: 'moved', move: 'broke' },
  switched: { kind: 'switched' },
  'stayed:correct': { kind: 'stayed', verdict: 'correct' },
  'stayed:wrong': { kind: 'stayed', verdict: 'wrong' },
  'predicted:correct': { kind: 'predicted', correct: true },
  'predicted:wrong': { kind: 'predicted', correct: false },
  'right:yes': { kind: 'majority', verdict: 'correct' },
  'right:no': { kind: 'majority', verdict: 'wrong' },
  'right:unknown': { kind: 'majority', verdict: 'unknown' },
  'likely:right': { kind: 'predicted', correct: true },
  'likely:wrong': { kind: 'predicted', correct: false },
};

const COMPARISON =
  /^(share|accuracy|confidence|lead|forecast|gained|since|noanswer|reward|length)(>=|<=|>|<|=)(-?(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d{1,3})?)$/;

/** Terms of a filter; anything else is a word of the text. */
export function parseFilter(filter: string): Term[] {
  return wordsOf(filter).map(termOf);
}

/** The words of a filter; what is between quotation marks is one word with its spaces. */
export function wordsOf(filter: string): string[] {
  return filter.match(/(?:"[^"]*"|\S)+/g) ?? [];
}

function unquoted(value: string): string {
  return /^"[^"]*"$/.test(value) ? value.slice(1, -1) : value;
}

function termOf(word: string): Term {
  const compared = COMPARISON.exec(word);
  if (compared) {
    const [, kind, comparison, value] = compared;
    return { kind: kind as Compared, comparison: comparison as Comparison, value: Number(value) };
  }
  if (Object.hasOwn(FLAGS, word)) return FLAGS[word]!;
  const place = /^(is|was):([a-z]+(?:-[a-z]+)?)$/.exec(word);
  if (place) return { kind: place[1] as 'is' | 'was', quadrant: place[2]! };
  const field = /^(id|answer):(.+)$/s.exec(word);
  if (field) return { kind: field[1] as 'id' | 'answer', value: unquoted(field[2]!) };
  return { kind: 'text', value: unquoted(word).toLowerCase() };
}

/** The parts of a problem that a filter reads. */
export type FilteredRow = Pick<ProblemRow, 'view' | 'before'> & { problem: Pick<ProblemRow['problem'], 'id' | 'text'> };

/** The value that a comparison is about; null if unknown. */
function comparedValue(kind: Compared, row: FilteredRow): number | null {
  const { view } = row;
  switch (kind) {
    case 'share':
      return view.share;
    case 'accuracy':
      return view.accuracy;
    case 'confidence':
      return view.confidence;
    case 'lead':
      return view.lead;
    case 'forecast':
      return view.prediction?.right ?? null;
    case 'gained':
      return shareGain(row);
    case 'since':
      return view.since.verdict;
    case 'noanswer':
      return view.rollouts === 0 ? null : view.unanswered / view.rollouts;
    case 'reward':
      return view.reward;
    case 'length':
      return view.length;
  }
}

function holds(term: Term, row: FilteredRow): boolean {
  const { problem, view } = row;
  const { prediction, status, verdict, answer } = view;
  switch (term.kind) {
    case 'share':
    case 'accuracy':
    case 'confidence':
    case 'lead':
    case 'forecast':
    case 'gained':
    case 'since':
    case 'noanswer':
    case 'reward':
    case 'length': {
      const value = comparedValue(term.kind, row);
      return value !== null && COMPARE[term.comparison](value, term.value);
    }
    case 'moved':
      return moveOf(row) === term.move;
    case 'switched':
      return hasAnswerChanged(row);
    case 'stayed':
      return verdict === term.verdict && row.before.verdict === term.verdict;
    case 'is':
      return view.quadrant === term.quadrant;
    case 'was':
      return row.before.quadrant === term.quadrant;
    case 'predicted':
      return prediction !== null && prediction.answer !== null && prediction.likelyWrong !== term.correct;
    case 'majority':
      // Without a majority (a tie, a single vote, no answer) there is no verdict, whatever the reference.
      return status === 'majority' && verdict === term.verdict;
    case 'vote':
      return status === term.status;
    case 'id':
      return problem.id.includes(term.value);
    case 'answer':
      return answer === term.value;
    case 'text':
      return problem.text.toLowerCase().includes(term.value);
  }
}

/** Whether a row satisfies all terms; without terms, every row does. */
export function matches(terms: readonly Term[], row: FilteredRow): boolean {
  return terms.every((term) => holds(term, row));
}

/** A word of a filter, with the number of rows that it finds alone. */
export interface FilterWord {
  word: string;
  /** It is looked for in the texts of the problems. */
  isText: boolean;
  count: number;
}

/** What each word of a filter finds alone: why all of them together find nothing. */
export function countsOfWords(filter: string, rows: readonly FilteredRow[]): FilterWord[] {
  return wordsOf(filter).map((word) => {
    const term = termOf(word);
    return { word, isText: term.kind === 'text', count: rows.filter((row) => holds(term, row)).length };
  });
}
