/**
 * The language of the filter: `share>0.8 right:no cars`. Comparisons of `share` and of `forecast` (the probability that
 * the problem ends right), `right:yes|no|unknown`, `likely:right|wrong` (as was predicted), `id:…` and `answer:…` (the
 * majority's), and words of the problem's text; all must hold.
 */
import type { Verdict } from '../engine/protocol/verdict.ts';
import type { ProblemRow } from './problem-row.ts';

type Comparison = '>' | '<' | '>=' | '<=' | '=';

export type Term =
  | { kind: 'share' | 'forecast'; comparison: Comparison; value: number }
  | { kind: 'likely'; right: boolean }
  | { kind: 'right'; verdict: Verdict }
  | { kind: 'id' | 'answer' | 'text'; value: string };

const COMPARE: Record<Comparison, (a: number, b: number) => boolean> = {
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  '=': (a, b) => a === b,
};

const VERDICTS = { yes: 'correct', no: 'wrong', unknown: 'unknown' } as const satisfies Record<string, Verdict>;

/** Terms of a filter; whatever is no term of the language is a word of the text. */
export function parseFilter(filter: string): Term[] {
  return filter
    .split(/\s+/)
    .filter(Boolean)
    .map((word): Term => {
      const compared = /^(share|forecast)(>=|<=|>|<|=)(\d*\.?\d+)$/.exec(word);
      if (compared) {
        const [, kind, comparison, value] = compared;
        return { kind: kind as 'share' | 'forecast', comparison: comparison as Comparison, value: Number(value) };
      }
      const likely = /^likely:(right|wrong)$/.exec(word);
      if (likely) return { kind: 'likely', right: likely[1] === 'right' };
      const right = /^right:(yes|no|unknown)$/.exec(word);
      if (right) return { kind: 'right', verdict: VERDICTS[right[1] as keyof typeof VERDICTS] };
      const field = /^(id|answer):(.+)$/.exec(word);
      if (field) return { kind: field[1] as 'id' | 'answer', value: field[2]! };
      return { kind: 'text', value: word.toLowerCase() };
    });
}

function holds(term: Term, { problem, view }: ProblemRow): boolean {
  const { share, prediction, verdict, answer } = view;
  switch (term.kind) {
    case 'share':
      return share !== null && COMPARE[term.comparison](share, term.value);
    case 'forecast':
      return prediction !== null && COMPARE[term.comparison](prediction.right, term.value);
    case 'likely':
      return prediction !== null && prediction.answer !== null && prediction.likelyWrong !== term.right;
    case 'right':
      return verdict === term.verdict;
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
