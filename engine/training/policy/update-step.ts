/** One optimizer step: the gradients of micro-batches add up on the device, then AdamW updates the parameters. */
import type { OptimizerConfig } from '../../protocol/index.ts';
import type { Backend, Value } from '../../runtime/backend.ts';
import { type CompiledFunction, compileFunction, dispose } from '../../runtime/function.ts';
import type { Named } from '../../tensor/index.ts';
import { type AdamwInputs, type AdamwOutputs, adamwGraph } from '../../tensor/optimizer.ts';
import type { GradientSource } from './gradient-contract.ts';
import { firstNonFiniteProblem, NonFiniteError, steepestProblem } from './non-finite.ts';
import type { TrainedParameters } from './parameters.ts';
import type { WeightedGroup } from './responses.ts';

export interface UpdateStepOptions {
  backend: Backend;
  source: GradientSource;
  optimizer: OptimizerConfig;
}

export interface StepResult {
  /** Sum over the micro-batches. */
  loss: number;
  /** Global norm before clipping. */
  gradientNorm: number;
  /** Tokens whose ratio was clipped, by problem. */
  clipped: ReadonlyMap<number, number>;
}

/** Takes one step after another, with graphs that are compiled at the first. Release it. */
export class UpdateStep {
  private optimizer: CompiledFunction<AdamwInputs, AdamwOutputs> | null = null;

  constructor(
    private readonly options: UpdateStepOptions,
    private readonly parameters: TrainedParameters,
  ) {}

  /**
   * `tick` is called between two calls of the device and throws to cancel. Throws NonFiniteError where loss or gradient are
   * not finite; the weights are then as before.
   */
  async take(
    groups: readonly WeightedGroup[],
    learningRate: number,
    tick: (fraction: number) => void,
  ): Promise<StepResult> {
    const { backend, source } = this.options;
    const { values } = this.parameters;
    const batches = source.batches(groups);
    let sums = this.parameters.zeros();
    let loss = 0;
    const clipped = new Map<number, number>();
    for (const [i, batch] of batches.entries()) {
      const part = await source.gradients(batch, values, sums, (share) => tick((i + share) / batches.length));
      sums = part.gradients;
      if (!Number.isFinite(part.loss)) {
        dispose(sums);
        throw new NonFiniteError('loss', await firstNonFiniteProblem(backend, batch, part.logprob));
      }
      loss += part.loss;
      addByProblem(clipped, batch, part.clipped);
      part.logprob.dispose();
    }
    tick(1);
    const gradientNorm = await this.applyGradients(sums, learningRate);
    if (gradientNorm === null) {
      const gradientOf = (group: WeightedGroup) =>
        source.gradients([group], values, this.parameters.zeros(), () => undefined);
      const problem = await steepestProblem(backend, batches.flat(), gradientOf);
      throw new NonFiniteError('gradient', problem);
    }
    return { loss, gradientNorm, clipped };
  }

  /** One AdamW step. Returns the gradient's norm; null if it is not finite, in which case the weights are unchanged. */
  private async applyGradients(gradients: Named<Value>, learningRate: number): Promise<number | null> {
    const { backend, optimizer } = this.options;
    const { parameters } = this;
    this.optimizer ??= await compileFunction(backend, adamwGraph(parameters.list, optimizer), {
      keepOnDevice: (outputs) => outputs.state,
    });
    const scalar = (x: number) => backend.value('float32', [], Float32Array.of(x));
    const next = await this.optimizer.run({
      state: parameters.state,
      gradients,
      lr: scalar(learningRate),
      step: scalar(parameters.updates + 1),
      scale: scalar(1),
    });
    dispose(gradients);
    const norm = (await backend.read(next.norm))[0] as number;
    if (!Number.isFinite(norm)) {
      dispose(next);
      return null;
    }
    parameters.advance(next.state);
    return norm;
  }

  async release(): Promise<void> {
    await this.options.source.release();
    await this.optimizer?.release();
  }
}

/** Adds the rows of a micro-batch, the same number per group, to the sums of their problems. */
function addByProblem(sums: Map<number, number>, batch: readonly WeightedGroup[], rows: Float32Array): void {
  const G = rows.length / batch.length;
  batch.forEach(({ problem }, p) => {
    const own = rows.subarray(p * G, (p + 1) * G);
    sums.set(
      problem,
      own.reduce((a, b) => a + b, sums.get(problem) ?? 0),
    );
  });
}
