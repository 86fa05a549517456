/** Problems sampled as training would, without training on them: for a forecast, or as a job of its own. */
import { evaluationMetrics } from '../analysis/index.ts';
import type { Problem } from '../protocol/index.ts';
import type { RunContext } from './context.ts';
import { recordGroup, sample, withEvidence } from './sample.ts';
import { type Judged, judgedGroup, type WithEvidence } from './stages.ts';

/** Samples problems with what the reward asks for, and records them: at once where it asks for nothing. */
export async function probe(context: RunContext, step: number, problems: readonly Problem[]): Promise<WithEvidence[]> {
  const { config, reward } = context;
  const place = { phase: 'probe', step } as const;
  const atOnce = reward.evidence.length === 0;
  const judged: Judged[] = [];
  await sample(context, problems, { ...place, rows: config.votes, sampling: config.sampling }, (group) => {
    if (atOnce) recordGroup(context, place, group);
    judged.push(group);
  });
  const groups = await withEvidence(context, step, judged);
  if (!atOnce) for (const group of groups) recordGroup(context, place, group);
  return groups;
}

/** The job `probe`: samples every problem once, measures, forecasts, and changes nothing. */
export async function probeAll(context: RunContext): Promise<void> {
  const { config, journal, training, clock, forecast } = context;
  const begun = clock.seconds;
  const groups = await probe(context, 0, training);
  journal.append({
    type: 'evaluation',
    step: 0,
    problems: training.length,
    samples: config.votes,
    ...evaluationMetrics(groups.map(judgedGroup), []),
    timing: { seconds: clock.seconds - begun },
  });
  forecast.refuse();
  forecast.take(0, groups);
}
