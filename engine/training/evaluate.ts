/** Evaluations of the policy as it is, and the forecast that is made or scored by them. */
import type { ProbedProblem } from '../analysis/forecast.ts';
import { evaluationMetrics } from '../analysis/index.ts';
import type { SamplingConfig } from '../protocol/index.ts';
import { UNTRUNCATED } from '../protocol/sampling.ts';
import type { RunContext } from './context.ts';
import { asProbedProblem } from './forecast.ts';
import { probe } from './probe.ts';
import { recordGroup, sample } from './sample.ts';
import { evaluationDue } from './schedule.ts';
import { judgedGroup } from './stages.ts';

/**
 * What is due before step `step` + 1: a forecast before the first step and its score after the `last`, and an
 * evaluation.
 */
export async function evaluateIfDue(context: RunContext, step: number, last: boolean): Promise<void> {
  const { config, forecast, training } = context;
  const atEnds = step === 0 || last;
  if (atEnds && config.forecast > 0) {
    if (step === 0) forecast.reportRefusal();
    const problems = training.slice(0, forecast.probeCount(step));
    if (problems.length > 0) forecast.take(step, await probe(context, step, problems));
  }
  if (!evaluationDue(config, step) && !(last && config.evaluation.samples > 0)) return;
  const probes = await evaluate(context, step, atEnds && forecast.usesEvaluations);
  if (probes) forecast.take(step, probes);
}

/**
 * Measures and records avg@k, maj@k and greedy accuracy on the evaluation problems. Returns the numbers for a forecast
 * if one is made or scored with the sampled groups; otherwise null.
 */
async function evaluate(context: RunContext, step: number, forecasts: boolean): Promise<ProbedProblem[] | null> {
  const { config, journal, clock, meter, watch, evaluation, sampledFrom, vocabulary } = context;
  const { samples, greedy, temperature, topP } = config.evaluation;
  const begun = clock.seconds;
  const probes: ProbedProblem[] = [];
  const measure = async (phase: 'evaluation' | 'greedy', rows: number, sampling: SamplingConfig) => {
    const measured: ReturnType<typeof judgedGroup>[] = [];
    if (rows === 0) return measured;
    await sample(context, evaluation, { phase, step, rows, sampling }, (group) => {
      recordGroup(context, { phase, step }, group);
      measured.push(judgedGroup(group));
      if (phase === 'greedy') return;
      watch.addVote({ problem: group.problem.index, majority: group.majority });
      if (forecasts) probes.push(asProbedProblem({ ...group, evidence: {} }, config, vocabulary));
    });
    return measured;
  };
  const sampled = await measure('evaluation', samples, { ...config.sampling, ...UNTRUNCATED, temperature, topP });
  const decoded = await measure('greedy', greedy ? 1 : 0, { ...config.sampling, ...UNTRUNCATED, temperature: 0 });
  const seconds = clock.seconds - begun;
  journal.append({
    type: 'evaluation',
    step,
    problems: evaluation.length,
    ...(sampledFrom !== null && { sampledFrom }),
    samples: Math.max(1, samples),
    ...evaluationMetrics(sampled, decoded),
    timing: { seconds },
  });
  watch.completeEvaluation(step);
  meter.endEvaluation(seconds);
  return forecasts ? probes : null;
}
