/** Problems sampled as training would, without training on them: for a forecast, or as a job of its own. */

import type { ProbedProblem } from '../analysis/forecast.ts';
import { evaluationMetrics } from '../analysis/index.ts';
import type { Problem } from '../protocol/index.ts';
import type { RunContext } from './context.ts';
import { asProbedProblem } from './forecast.ts';
import { recordGroup, sample, withEvidence } from './sample.ts';
import { truncationWarning } from './signal.ts';
import type { Judged, WithEvidence } from './stages.ts';

/**
 * Samples problems with everything that the reward needs, and records them: at once if the reward needs nothing else,
 * so that only one problem's rollouts are kept at a time.
 */
export async function probe(context: RunContext, step: number, problems: readonly Problem[]): Promise<ProbedProblem[]> {
  const { config, reward, vocabulary } = context;
  const place = { phase: 'probe', step } as const;
  const atOnce = reward.evidence.length === 0;
  const waiting: Judged[] = [];
  const found: ProbedProblem[] = [];
  const take = (group: WithEvidence) => {
    recordGroup(context, place, group);
    found.push(asProbedProblem(group, config, vocabulary));
  };
  await sample(context, problems, { ...place, rows: config.votes, sampling: config.sampling }, (group) => {
    if (atOnce) take({ ...group, evidence: {} });
    else waiting.push(group);
  });
  if (waiting.length > 0) for (const group of await withEvidence(context, step, waiting)) take(group);
  return found;
}

/** The job `probe`: samples every problem once, measures, forecasts, and changes nothing. */
export async function probeAll(context: RunContext): Promise<void> {
  const { config, journal, training, clock, forecast } = context;
  const begun = clock.seconds;
  const probes = await probe(context, 0, training);
  const rollouts = probes.flatMap(({ group }) => group.rollouts);
  const warning = truncationWarning(
    {
      rollouts: rollouts.length,
      truncated: rollouts.filter(({ finish }) => finish === 'length').length,
      unanswered: rollouts.filter(({ answer }) => answer === null).length,
    },
    config,
  );
  if (warning) journal.append({ type: 'warning', ...warning, step: 0, problem: null });
  journal.append({
    type: 'evaluation',
    step: 0,
    problems: training.length,
    samples: config.votes,
    ...evaluationMetrics(
      probes.map(({ group }) => group),
      [],
    ),
    timing: { seconds: clock.seconds - begun },
  });
  forecast.reportRefusal();
  forecast.take(0, probes);
}
