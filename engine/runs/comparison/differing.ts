/** The problems on which compared runs differ, as lists and `--json` have them. Pure. */
import type { Problem } from '../../protocol/problem.ts';
import { referenceText } from '../../protocol/reference.ts';
import { verdictAsBoolean } from '../../protocol/verdict.ts';
import { hasOtherAnswer, type ProblemView, type Status } from '../problem-view.ts';
import type { ComparedProblem, RunComparison } from './compare.ts';

export interface DifferingProblem {
  /** The problem's id in the first run; so is the reference. */
  id: string;
  reference: string | null;
  /** Whether the majority answer is right in some run and wrong in another. */
  changed: boolean;
  /** One per run. */
  runs: {
    step: number | null;
    status: Status;
    answer: string | null;
    share: number | null;
    correct: boolean | null;
    accuracy: number | null;
  }[];
}

/**
 * First the problems that are correct in one run and wrong in another, then those with different answers; larger shares
 * first.
 */
export function differingProblems(
  { problems }: Pick<RunComparison, 'problems'>,
  first: readonly Problem[],
): DifferingProblem[] {
  return problems
    .filter(differs)
    .map(({ id, views }) => ({
      id,
      reference: referenceText(first[views[0]!.problem]!),
      changed: isChanged(views),
      runs: views.map(({ step, status, answer, share, verdict, accuracy }) => ({
        step,
        status,
        answer,
        share,
        correct: verdictAsBoolean(verdict),
        accuracy,
      })),
    }))
    .sort((a, b) => Number(b.changed) - Number(a.changed) || certainty(b) - certainty(a));
}

function isChanged(views: readonly ProblemView[]): boolean {
  const verdicts = new Set(views.map(({ verdict }) => verdict));
  return verdicts.has('correct') && verdicts.has('wrong');
}

function differs({ views: [first, ...others] }: ComparedProblem): boolean {
  return isChanged([first!, ...others]) || others.some((view) => hasOtherAnswer(first!, view));
}

/** The smallest majority share of its runs: in all of them the answer is at least as certain. */
function certainty({ runs }: DifferingProblem): number {
  return Math.min(...runs.map(({ share }) => share ?? 0));
}
