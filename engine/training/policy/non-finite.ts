/** Values that are infinite or NaN, and the responses that caused them. */
import { RollscopeError } from '../../protocol/errors.ts';
import type { Backend, Value } from '../../runtime/backend.ts';
import { dispose } from '../../runtime/function.ts';
import type { MicroBatchGradient } from './gradient-contract.ts';
import type { WeightedGroup } from './responses.ts';

/** Names the problem whose responses caused the value, if it is known. */
export class NonFiniteError extends RollscopeError {
  constructor(what: 'token probability' | 'loss' | 'gradient', problem: number | null) {
    super('non-finite', `the ${what} is not finite (NaN or Inf)`, undefined, {
      problem,
      details: { reason: 'non-finite', value: what },
    });
  }
}

/** The problem of the first response whose log-probabilities, [rows, L] of a micro-batch, are not finite. */
export async function firstNonFiniteProblem(
  backend: Backend,
  batch: readonly WeightedGroup[],
  scores: Value,
): Promise<number | null> {
  const logprob = (await backend.read(scores)) as Float32Array;
  const [rows, L] = scores.shape as [number, number];
  const G = rows / batch.length;
  for (let i = 0; i < rows * L; i++) if (!Number.isFinite(logprob[i]!)) return batch[Math.floor(i / L / G)]!.problem;
  return batch.length === 1 ? batch[0]!.problem : null;
}

/**
 * The problem whose own gradient is not finite, otherwise the one with the largest, since the norm of all together was
 * not finite.
 * @param gradientOf computes the gradient of one group; its result is disposed of here
 */
export async function steepestProblem(
  backend: Backend,
  groups: readonly WeightedGroup[],
  gradientOf: (group: WeightedGroup) => Promise<MicroBatchGradient>,
): Promise<number | null> {
  let found: { problem: number; square: number } | null = null;
  for (const group of groups) {
    const outputs = await gradientOf(group);
    let square = 0;
    for (const value of Object.values(outputs.gradients)) {
      for (const x of (await backend.read(value)) as Float32Array) square += x * x;
    }
    dispose(outputs);
    if (!Number.isFinite(square)) return group.problem;
    if (square > (found?.square ?? 0)) found = { problem: group.problem, square };
  }
  return found?.problem ?? null;
}
