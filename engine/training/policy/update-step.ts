/** One optimizer step: gradients of micro-batches add up on the device, then AdamW moves the parameters. */
import type { OptimizerConfig } from '../../protocol/index.ts';
import type { BindWeights } from '../../rollout/graphs.ts';
import type { Backend, Value } from '../../runtime/backend.ts';
import { type CompiledFunction, compileFunction, dispose, type Values } from '../../runtime/function.ts';
import type { Named } from '../../tensor/index.ts';
import { type AdamwInputs, type AdamwOutputs, adamwGraph } from '../../tensor/optimizer.ts';
import { batchFeeds } from './batch-feeds.ts';
import {
  type GradientInputs,
  type GradientOutputs,
  type PolicyLossOptions,
  policyGradientGraph,
} from './loss-graph.ts';
import { culprit, NonFiniteError, steepest } from './non-finite.ts';
import type { TrainedParameters } from './parameters.ts';
import type { WeightedGroup } from './responses.ts';

export interface UpdateStepOptions {
  backend: Backend;
  bind: BindWeights;
  temperature: number;
  optimizer: OptimizerConfig;
  graph: PolicyLossOptions;
}

export interface StepResult {
  /** Sum over the micro-batches. */
  loss: number;
  /** Global norm before clipping. */
  gradientNorm: number;
  /** Tokens whose ratio was clipped, by problem. */
  clipped: ReadonlyMap<number, number>;
}

export class UpdateStep {
  private gradient: CompiledFunction<GradientInputs, GradientOutputs> | null = null;
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
    batches: readonly (readonly WeightedGroup[])[],
    learningRate: number,
    tick: (fraction: number) => void,
  ): Promise<StepResult> {
    const { backend } = this.options;
    let sums = this.parameters.zeros();
    let loss = 0;
    const clipped = new Map<number, number>();
    for (const [i, batch] of batches.entries()) {
      tick(i / batches.length);
      const { gradients, ...outputs } = await this.gradients(batch, sums);
      dispose(sums);
      sums = gradients;
      const part = (await backend.read(outputs.loss))[0] as number;
      if (!Number.isFinite(part)) {
        dispose(sums);
        throw new NonFiniteError('loss', await culprit(backend, batch, outputs.logprob));
      }
      loss += part;
      addByProblem(clipped, batch, (await backend.read(outputs.clipped)) as Float32Array);
      dispose(outputs);
    }
    tick(1);
    const gradientNorm = await this.move(sums, learningRate);
    if (gradientNorm === null) {
      const zeros = this.parameters.zeros();
      const problem = await steepest(backend, batches.flat(), (group) => this.gradients([group], zeros));
      throw new NonFiniteError('gradient', problem);
    }
    return { loss, gradientNorm, clipped };
  }

  /** Loss and gradients of a micro-batch, added to the gradients so far. */
  private async gradients(batch: readonly WeightedGroup[], soFar: Named<Value>): Promise<Values<GradientOutputs>> {
    const { backend, bind, temperature, graph } = this.options;
    this.gradient ??= await compileFunction(backend, policyGradientGraph(bind, graph), {
      keepOnDevice: (outputs) => outputs.gradients,
    });
    const feeds = batchFeeds(backend, batch, temperature);
    return this.gradient.run({ ...feeds, parameters: this.parameters.values, gradients: soFar });
  }

  /** One AdamW step. Returns the gradient's norm; null when it is not finite, and the weights are as before. */
  private async move(gradients: Named<Value>, learningRate: number): Promise<number | null> {
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
    for (const executable of [this.gradient, this.optimizer]) await executable?.release();
  }
}

/** Adds the rows of a micro-batch, as many for each group, to the sums of their problems. */
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
