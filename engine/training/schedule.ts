/** What is due at which step: learning rate, evaluations, checkpoints, and the order of problems. */
import type { OptimizerConfig, RunConfig } from '../protocol/index.ts';
import { shuffled } from '../protocol/values.ts';
import { generator } from '../rollout/philox.ts';

/**
 * Learning rate of a step (from 1 to `steps`): a linear rise over the warm-up's share of the steps, of which the first is
 * not 0; then constant, or falling to `minimum` times the rate, linearly or by half a cosine (arXiv 1608.03983). After
 * the warm-up these are the rates of transformers' schedules.
 */
export function learningRate({ lr, schedule, minimum, warmup }: OptimizerConfig, step: number, steps: number): number {
  const rise = Math.ceil(warmup * steps);
  if (step <= rise) return (lr * step) / rise;
  if (schedule === 'constant') return lr;
  const done = (step - rise - 1) / Math.max(1, steps - rise);
  const left = schedule === 'linear' ? 1 - done : 0.5 * (1 + Math.cos(Math.PI * done));
  return lr * (minimum + (1 - minimum) * left);
}

/** Before the first step, after the last, and every k steps; never if no samples are requested. */
export function evaluationDue(config: RunConfig, step: number): boolean {
  const { every, samples } = config.evaluation;
  if (samples === 0) return false;
  return step === 0 || step === config.steps || (every > 0 && step % every === 0);
}

/** Every k steps, and after the last; before the first step only if the collapse watch can roll back to it. */
export function checkpointDue(config: RunConfig, step: number): boolean {
  if (step === 0) return config.watch === 'rollback' && config.steps > 0;
  return step % config.checkpoint.every === 0 || step === config.steps;
}

/**
 * Problems of a step (from 1): the set is reshuffled for each pass and dealt out, so that every problem comes once
 * before any comes twice. A batch larger than the set is the whole set.
 */
export function batchOf(seed: number, problems: number, batch: number, step: number): number[] {
  const size = Math.min(batch, problems);
  const first = (step - 1) * size;
  const chosen: number[] = [];
  for (let at = first; at < first + size; at++) {
    const pass = Math.floor(at / problems);
    chosen.push(orderOf(seed, problems, pass)[at % problems]!);
  }
  // A batch can contain the end of one pass and the beginning of the next.
  return [...new Set(chosen)];
}

let lastShuffle: { key: string; order: number[] } | null = null;

function orderOf(seed: number, n: number, pass: number): number[] {
  const key = `${seed} ${n} ${pass}`;
  if (lastShuffle?.key === key) return lastShuffle.order;
  const order = shuffled(
    Array.from({ length: n }, (_, i) => i),
    generator(seed, 'shuffle', pass),
  );
  lastShuffle = { key, order };
  return order;
}

/** `count` of `n` indices, at random and in ascending order: which of the votes train. */
export function randomSubset(seed: number, step: number, problem: number, n: number, count: number): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  if (count >= n) return order;
  return shuffled(order, generator(seed, 'select', step, problem))
    .slice(0, count)
    .sort((a, b) => a - b);
}
