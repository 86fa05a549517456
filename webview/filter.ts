/**
 * The language of the filter: `share>0.8 right:no cars`. Comparisons of `share`, `right:yes|no|unknown`, `id:…` and
 * `answer:…` (the majority's), and words of the problem's text; all must hold.
 */
import type { ProblemView } from './store.ts';

type Comparison = '>' | '<' | '>=' | '<=' | '=';

export type Term =
  | { kind: 'share'; comparison: Comparison; value: number }
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
      const share = /^share(>=|<=|>|<|=)(\d*\.?\d+)$/.exec(word);
      if (share) return { kind: 'share', comparison: share[1] as Comparison, value: Number(share[2]) };
      const right = /^right:(yes|no|unknown)$/.exec(word);
      if (right) return { kind: 'right', value: right[1] === 'unknown' ? null : right[1] === 'yes' };
      const field = /^(id|answer):(.+)$/.exec(word);
      if (field) return { kind: field[1] as 'id' | 'answer', value: field[2]! };
      return { kind: 'text', value: word.toLowerCase() };
    });
}

function holds(term: Term, { problem, group, share, correct }: ProblemView): boolean {
  switch (term.kind) {
    case 'share':
      return share !== null && COMPARE[term.comparison](share, term.value);
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
