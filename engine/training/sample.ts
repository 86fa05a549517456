/** Sampling problems from the policy, each judged as soon as its rollouts are complete. */

import { graderOf } from '../grading/index.ts';
import type { Phase, Problem, SamplingConfig } from '../protocol/index.ts';
import type { StreamName } from '../rollout/philox.ts';
import { answerHint } from './answer-hint.ts';
import type { RunContext } from './context.ts';
import { gatherEvidence } from './evidence.ts';
import { type Judged, judge, stored, type WithAdvantages, type WithEvidence } from './stages.ts';

const STREAMS: Record<Phase, StreamName> = {
  train: 'rollout',
  probe: 'probe',
  evaluation: 'evaluation',
  greedy: 'evaluation',
};

/** What problems are sampled for, and how: `rows` rollouts each. */
export interface Sampling {
  phase: Phase;
  step: number;
  rows: number;
  sampling: SamplingConfig;
}

/** `onGroup` gets the problems as they are completed, in a fixed order. An error in it ends the sampling. */
export async function sample(
  { compute, meter, config, journal, reward }: RunContext,
  problems: readonly Problem[],
  { phase, step, rows, sampling }: Sampling,
  onGroup: (group: Judged) => void,
): Promise<void> {
  meter.samplesFor(phase);
  const grader = graderOf(config.grading);
  const texts: string[] = [];
  const byIndex = new Map(problems.map((problem) => [problem.index, problem]));
  await compute.sample(
    { problems: problems.map(({ index }) => index), rows, sampling, stream: STREAMS[phase], step },
    (index, rollouts) => {
      if (isFirst({ phase, step }, config)) texts.push(...rollouts.map(({ text }) => text));
      onGroup(judge({ problem: byIndex.get(index)!, rollouts }, grader));
    },
  );
  // If programs judge responses, these need no answer.
  const message = texts.length > 0 && !reward.executes ? answerHint(texts, grader.rules) : null;
  if (message !== null) journal.append({ type: 'warning', code: 'no-answers', message, step, problem: null });
}

/** The first rollouts of the run that its job is about. */
function isFirst({ phase, step }: Pick<Sampling, 'phase' | 'step'>, { job }: RunContext['config']): boolean {
  return job === 'probe' ? phase === 'probe' : phase === 'train' && step === 1;
}

/** Gathers what a run's reward needs beyond the rollouts of these groups; does nothing if it needs nothing. */
export async function withEvidence(
  { reward, config, compute, signal }: RunContext,
  step: number,
  groups: readonly Judged[],
): Promise<WithEvidence[]> {
  const evidence = await gatherEvidence(reward.evidence, groups, { config, step, compute, signal });
  return groups.map((group, g) => ({ ...group, evidence: evidence[g]! }));
}

/** Writes a group, at whatever stage it is, to the journal. */
export function recordGroup(
  { journal }: RunContext,
  place: Pick<Sampling, 'phase' | 'step'>,
  group: Judged & Partial<WithAdvantages>,
): void {
  journal.appendGroup(stored(group, place));
}
