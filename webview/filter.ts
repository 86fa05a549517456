/**
 * The language of the filter: `share>0.8 right:no cars`. Comparisons of `share` and of `forecast` (the probability that
 * the problem ends right), `right:yes|no|unknown`, `likely:right|wrong` (as was foretold), `id:…` and `answer:…` (the
 * majority's), and words of the problem's text; all must hold.
 */
import type { ProblemView } from './store.ts';

type Comparison = '>' | '<' | '>=' | '<=' | '=';

export type Term =
  | { kind: 'share' | 'forecast'; comparison: Comparison; value: number }
  | { kind: 'likely'; right: boolean }
  | { kind: 'right'; value: boolean | null }
  | { kind: 'id' | 'answer' | 'text'; value: string };

const COMPARE: Record<Comparison, (a: number, b: number) => boolean> = {
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  '=': (a, b) => a === b,
};

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
      if (right) return { kind: 'right', value: right[1] === 'unknown' ? null : right[1] === 'yes' };
      const field = /^(id|answer):(.+)$/.exec(word);
      if (field) return { kind: field[1] as 'id' | 'answer', value: field[2]! };
      return { kind: 'text', value: word.toLowerCase() };
    });
}

function holds(term: Term, { problem, group, share, correct, foretold }: ProblemView): boolean {
  switch (term.kind) {
    case 'share':
      return share !== null && COMPARE[term.comparison](share, term.value);
    case 'forecast':
      return foretold !== null && COMPARE[term.comparison](foretold.right, term.value);
    case 'likely':
      return foretold !== null && foretold.answer !== null && foretold.likelyWrong !== term.right;
    case 'right':
      return correct === term.value;
    case 'id':
      return problem.id.includes(term.value);
    case 'answer':
      return group?.majority?.answer === term.value;
    case 'text':
      return problem.prompt.toLowerCase().includes(term.value);
  }
}

export function matches(terms: readonly Term[], view: ProblemView): boolean {
  return terms.every((term) => holds(term, view));
}
