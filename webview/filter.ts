/**
 * The filter's syntax: `share>0.8 majority:wrong cars`. `share` compares the majority share, `forecast` the predicted
 * P(correct); `majority:correct|wrong|unknown` is the correctness of an answer that has a majority, `vote:` finds those
 * that have one or none (`majority`, `tie`, `single`, `unanswered`); `predicted:correct|wrong` is what was forecast; `id:…`
 * matches the problem's id and `answer:…` the majority answer; anything else is a word of the problem's text. All terms
 * must match. `right:yes|no|unknown` and `likely:right|wrong` are earlier spellings.
 */
import type { Verdict, VoteStatus } from '../engine/protocol/verdict.ts';
import type { ProblemRow } from './problem-row.ts';

type Comparison = '>' | '<' | '>=' | '<=' | '=';

export type Term =
  | { kind: 'share' | 'forecast'; comparison: Comparison; value: number }
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
  'predicted:correct': { kind: 'predicted', correct: true },
  'predicted:wrong': { kind: 'predicted', correct: false },
  'right:yes': { kind: 'majority', verdict: 'correct' },
  'right:no': { kind: 'majority', verdict: 'wrong' },
  'right:unknown': { kind: 'majority', verdict: 'unknown' },
  'likely:right': { kind: 'predicted', correct: true },
  'likely:wrong': { kind: 'predicted', correct: false },
};

/** Terms of a filter; anything else is a word of the text. */
export function parseFilter(filter: string): Term[] {
  return filter
    .split(/\s+/)
    .filter(Boolean)
    .map((word): Term => {
      const compared = /^(share|forecast)(>=|<=|>|<|=)(\d+(?:\.\d+)?|\.\d+)$/.exec(word);
      if (compared) {
        const [, kind, comparison, value] = compared;
        return { kind: kind as 'share' | 'forecast', comparison: comparison as Comparison, value: Number(value) };
      }
      if (Object.hasOwn(FLAGS, word)) return FLAGS[word]!;
      const field = /^(id|answer):(.+)$/.exec(word);
      if (field) return { kind: field[1] as 'id' | 'answer', value: field[2]! };
      return { kind: 'text', value: word.toLowerCase() };
    });
}

function holds(term: Term, { problem, view }: ProblemRow): boolean {
  const { share, prediction, status, verdict, answer } = view;
  switch (term.kind) {
    case 'share':
      return share !== null && COMPARE[term.comparison](share, term.value);
    case 'forecast':
      return prediction !== null && COMPARE[term.comparison](prediction.right, term.value);
    case 'predicted':
      return prediction !== null && prediction.answer !== null && prediction.likelyWrong !== term.correct;
    case 'majority':
      // A tie, a single vote and no answer are no majority, whatever the reference says of them.
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

export function matches(terms: readonly Term[], row: ProblemRow): boolean {
  return terms.every((term) => holds(term, row));
}
