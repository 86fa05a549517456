/** How a run finds and compares answers: one object, built from its settings, that votes, rewards and metrics share. */
import type { Cluster } from '../protocol/group.ts';
import { clusterAnswers } from './cluster.ts';
import { type Comparison, keyFor } from './compare-as.ts';
import { equivalent } from './equivalence.ts';
import { type JudgedAnswers, judgeAnswersBy, type Reference } from './judge.ts';
import { finderOf } from './rules.ts';
import type { Span } from './span.ts';

export interface GradingRules {
  answer: string;
  compare: Comparison;
}

export interface Grader {
  readonly rules: GradingRules;
  /** The answer of a response as written; null if there is none. */
  extract(text: string): string | null;
  /** The answer's span. */
  locate(text: string): Span | null;
  /** Whether `a` equals the reference, or another answer, `b`. */
  equal(a: string, b: string): boolean;
  cluster(answers: readonly (string | null)[], reference?: Reference): Cluster[];
  /** Judges a group's responses: answers, clusters and verdicts. */
  judge(texts: readonly string[], reference: Reference): JudgedAnswers;
}

export const AUTOMATIC: GradingRules = { answer: 'auto', compare: 'math' };

const graders = new Map<string, Grader>();

/** Throws RollscopeError `config` for an invalid rule. */
export function graderOf({ answer, compare }: GradingRules = AUTOMATIC): Grader {
  const name = `${compare} ${answer}`;
  const before = graders.get(name);
  if (before) return before;
  const find = finderOf(answer);
  const extract = (text: string) => find(text)?.text ?? null;
  const key = keyFor(compare);
  const cluster = (answers: readonly (string | null)[], reference?: Reference) =>
    clusterAnswers(answers, reference, key ? { keyOf: key } : 'equivalence');
  const grader: Grader = {
    rules: { answer, compare },
    extract,
    locate: (text) => {
      const found = find(text);
      return found && { start: found.start, end: found.end };
    },
    equal: key ? (a, b) => key(a) === key(b) : equivalent,
    cluster,
    judge: (texts, reference) => judgeAnswersBy(cluster, texts.map(extract), reference),
  };
  if (graders.size > 100) graders.clear();
  graders.set(name, grader);
  return grader;
}

/**
 * The grader of one problem: an answer rule in the problem's own data overrides the run's rule.
 * @param rules of the run; undefined if it did not record any, which means the automatic ones
 * @throws RollscopeError `config` for an invalid rule
 */
export function problemGrader({ rule }: { rule?: string | undefined }, rules: GradingRules | undefined): Grader {
  return graderOf(rule === undefined ? rules : { ...(rules ?? AUTOMATIC), answer: rule });
}
