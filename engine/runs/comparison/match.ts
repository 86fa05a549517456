/** Which problems of several runs are the same: by text, otherwise by id unless something contradicts it. Pure. */
import type { Problem } from '../../protocol/problem.ts';
import { referenceText } from '../../protocol/reference.ts';

export interface MatchedProblems {
  /** For each problem that all runs have: its indices, one per run. In the order of the first run. */
  indices: number[][];
  /** How many of them have the same text in all runs; the others have the same id. */
  byText: number;
  /** How many of them have a different reference answer in some run. */
  otherReferences: number;
  /** For each run, how many of its problems not all runs have. */
  unmatched: number[];
}

type MatchedProblem = Pick<Problem, 'index' | 'id' | 'text' | 'answer' | 'accepted'>;

/** @param runs the problems of each run, those of the first one first */
export function matchProblems(runs: readonly (readonly MatchedProblem[])[]): MatchedProblems {
  const [first = [], ...others] = runs;
  const partners = others.map((other) => partnersIn(first, other));
  const found = first.flatMap((problem) => {
    const those = partners.map((partner) => partner.get(problem));
    return those.every((item) => item !== undefined) ? [[problem, ...those]] : [];
  });
  const isAlike = (of: (problem: MatchedProblem) => string | null) => (all: readonly MatchedProblem[]) =>
    all.every((problem) => of(problem) === of(all[0]!));
  return {
    indices: found.map((all) => all.map(({ index }) => index)),
    byText: found.filter(isAlike(textKey)).length,
    otherReferences: found.length - found.filter(isAlike(referenceText)).length,
    unmatched: runs.map((problems) => problems.length - found.length),
  };
}

/** For each problem of one run, the same problem in the other run. Each is used once. */
function partnersIn(problems: readonly MatchedProblem[], other: readonly MatchedProblem[]) {
  const partners = new Map<MatchedProblem, MatchedProblem>();
  const taken = new Set<MatchedProblem>();
  const pair = (
    keyOf: (problem: MatchedProblem) => string,
    fits = (_a: MatchedProblem, _b: MatchedProblem) => true,
  ) => {
    const free = new Map<string, MatchedProblem[]>();
    for (const one of other) {
      if (taken.has(one)) continue;
      const key = keyOf(one);
      const alike = free.get(key);
      if (alike) alike.push(one);
      else free.set(key, [one]);
    }
    // The lists are reversed, so that `pop` takes the first of the problems that are alike.
    for (const alike of free.values()) alike.reverse();
    for (const problem of problems) {
      if (partners.has(problem)) continue;
      const alike = free.get(keyOf(problem));
      const partner = alike?.at(-1);
      if (!partner || !fits(problem, partner)) continue;
      alike!.pop();
      partners.set(problem, partner);
      taken.add(partner);
    }
  };
  // The same question may be in a dataset twice.
  pair((problem) => `${textKey(problem)}\n${problem.id}`);
  pair(textKey);
  pair(({ id }) => id, canBeSame);
  return partners;
}

function textKey({ text }: MatchedProblem): string {
  return text.replace(/\s+/g, ' ').trim();
}

/**
 * Whether two problems with the same id and other texts can be the same: one text contains the other, as with a system prompt
 * before it; or the id is more than a number, which is what rows without an id are called, and the references agree.
 */
function canBeSame(a: MatchedProblem, b: MatchedProblem): boolean {
  const [one, other] = [textKey(a), textKey(b)];
  if (one.includes(other) || other.includes(one)) return true;
  const references = [referenceText(a), referenceText(b)].filter((reference) => reference !== null);
  return !/^\d+$/.test(a.id) && new Set(references).size < 2;
}
