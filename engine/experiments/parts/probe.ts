/** Probed problems before training, and the groups of a problem during training. */
import type { SameAnswer, StepGroup } from '../../analysis/theory.ts';
import { equivalent } from '../../grading/equivalence.ts';
import type { RunConfig } from '../../protocol/index.ts';
import { verdictAsBoolean } from '../../protocol/verdict.ts';
import type { ExperimentContext, ExperimentRun } from '../experiment.ts';
import { groupsOf } from './curves.ts';
import { viewsOfPhase } from './views.ts';

/** Whether two answers are equal: the same text, or the same value. */
export const sameAnswer: SameAnswer = (a, b) => a === b || equivalent(a, b);

/** The majority vote on a problem before training. */
export interface ProbeResult {
  id: string;
  text: string;
  /** The majority answer; null if no rollout had an answer. */
  answer: string | null;
  /** The majority answer's share of the votes; 0 without one. */
  share: number;
  /** Whether the majority answer is correct; null without a reference answer. */
  right: boolean | null;
  /** Share of correct rollouts; null without a reference answer. */
  accuracy: number | null;
}

/** The problems of a probe run, in their order. */
export function probeResults(run: ExperimentRun): ProbeResult[] {
  return viewsOfPhase(run, 'probe').map(({ problem, answer, share, accuracy, verdict }) => {
    const { id, text } = run.problems[problem]!;
    return { id, text, answer, share: share ?? 0, right: verdictAsBoolean(verdict), accuracy };
  });
}

/** Samples `votes` rollouts of each problem of `dataset`, without training. */
export async function probe(
  context: ExperimentContext,
  id: string,
  { dataset, votes, model }: { dataset: RunConfig['dataset']; votes: number; model?: string },
): Promise<ProbeResult[]> {
  const config = context.config({ job: 'probe', votes: Math.max(votes, context.base.group), ...(model && { model }) });
  return probeResults(await context.run(id, { ...config, dataset }));
}

/** The training groups of each problem, ordered by step. */
export function trainingHistories(run: ExperimentRun): Map<number, StepGroup[]> {
  const found = new Map<number, StepGroup[]>();
  for (const group of groupsOf(run, 'train')) {
    found.set(group.problem, [...(found.get(group.problem) ?? []), { step: group.step, group }]);
  }
  return found;
}
