/** The record of a step: metrics of its rollouts and updates, and its duration. */
import { stepMetrics } from '../analysis/index.ts';
import type { ProblemUpdate, StepRecord } from '../protocol/index.ts';
import { mean } from '../protocol/values.ts';
import type { Collected } from './collect.ts';
import type { RunContext } from './context.ts';
import type { UpdateMetrics } from './policy/trainer.ts';
import { learningRate } from './schedule.ts';

/** Seconds of work so far, and how many of them were spent in the compute backend. */
export interface ClockReading {
  work: number;
  device: number;
}

/**
 * The clocks of a run now, in seconds: working time without pauses, and time inside device calls. Differences of two
 * laps are a step's.
 */
export async function readClocks({ clock, compute }: Pick<RunContext, 'clock' | 'compute'>): Promise<ClockReading> {
  return { work: clock.seconds, device: await compute.deviceSeconds() };
}

/** `laps`: before the sampling, between sampling and update, after the update. */
export function stepRecord(
  { config, reward }: RunContext,
  step: number,
  groups: readonly Collected[],
  updates: readonly UpdateMetrics[],
  laps: readonly [ClockReading, ClockReading, ClockReading],
): Omit<StepRecord, 'seq' | 'time'> {
  const measured = groups.map((group) => group.measured);
  const tokens = measured.reduce((n, { rollouts }) => n + rollouts.reduce((m, r) => m + (r.tokens ?? 0), 0), 0);
  return {
    type: 'step',
    step,
    metrics: {
      ...stepMetrics(measured, reward),
      loss: mean(updates.map((u) => u.loss)),
      gradientNorm: mean(updates.map((u) => u.gradientNorm)),
      clipFraction: mean(updates.map((u) => u.clipFraction)),
      kl: mean(updates.map((u) => u.kl)),
      rolloutMismatch: mean(updates.map((u) => u.rolloutMismatch)),
      learningRate: learningRate(config.optimizer, step, config.steps),
      skippedGroups: groups.filter(({ responses }) => responses.every((r) => r.advantage === 0)).length,
      tokens,
    },
    problems: problemUpdates(updates),
    timing: timingOf(laps, tokens),
  };
}

/** Without the time that the run was paused. */
function timingOf(
  [begun, sampled, updated]: readonly [ClockReading, ClockReading, ClockReading],
  tokens: number,
): StepRecord['timing'] {
  const seconds = updated.work - begun.work;
  const rolloutSeconds = sampled.work - begun.work;
  return {
    seconds,
    rolloutSeconds,
    updateSeconds: updated.work - sampled.work,
    engineSeconds: Math.max(0, seconds - (updated.device - begun.device)),
    // The clocks of two threads may differ a little.
    rolloutTokensPerSecond: tokens / Math.max(1e-9, rolloutSeconds, sampled.device - begun.device),
    residentBytes: process.memoryUsage.rss(),
  };
}

/**
 * Metrics of the updates per problem: means over the updates that used it. Metrics that were measured for none are left
 * out.
 */
function problemUpdates(updates: readonly UpdateMetrics[]): ProblemUpdate[] {
  const found = new Map<number, ProblemUpdate[]>();
  for (const one of updates.flatMap(({ problems }) => problems)) {
    found.set(one.problem, [...(found.get(one.problem) ?? []), one]);
  }
  return [...found]
    .map(([problem, parts]) => ({
      problem,
      kl: mean(parts.map(({ kl }) => kl)),
      clipFraction: mean(parts.map(({ clipFraction }) => clipFraction)),
    }))
    .filter(({ kl, clipFraction }) => kl !== null || clipFraction !== null);
}
